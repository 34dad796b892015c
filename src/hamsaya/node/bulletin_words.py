"""The words of the bulletin in each language; drafts but for the English. A language has a direction of writing."""

from __future__ import annotations

from typing import NamedTuple


class Tongue(NamedTuple):
    """One language: its tag, its direction, whether the PDF's font holds its script, and its words."""

    tag: str
    direction: str
    printable: bool
    words: dict[str, str]


_ENGLISH = {
    "title": "Monitoring bulletin", "draft": "", "exercise": "EXERCISE: what this says is invented.",
    "dual": (
        "Dual use. This speaks of areas of about 55 km by 55 km and of months. It is no ground for "
        "action against a person, and not for targeting."
    ),
    "picture": "Joint picture", "none": "Nothing has been reported for this period.",
    "cells": "Cells by what is known", "observed": "observed", "partly": "partly observed",
    "silent": "not observed", "not-covered": "nobody's to report", "uncertain": "How sure this is",
    "uncertainty": (
        "Counts run from the lowest to the highest claim of those who report on a cell; neither is "
        "preferred. A cell that nobody observed is not a cell at peace. Reports arrive late: the "
        "latest months are low. A forecast of 40 % comes true four times in ten, if it is a good "
        "one: see the record of past alerts."
    ),
    "small": "Counts below this are not told:", "alerts": "Alerts", "noalerts": "No alert is held here.",
    "record": "Record of past alerts",
    "onset": "Onset alerts are mostly wrong: history knows little of where violence begins.",
    "assessments": "Joint assessments", "noassessments": "No assessment is held here.", "concur": "concurs",
    "dissent": "DISSENTS", "sources": "Sources and citations", "cell": "Cell", "status": "Status",
    "reporters": "Reporters", "incidents": "Incidents", "deaths": "Deaths", "kind": "Kind", "months": "Months",
    "true": "Comes true at", "basis": "Basis", "asked": "Asked of whom", "became": "Became",
    "resolved": "Resolved", "came": "Came true", "unknown": "Cannot tell",
    "blind": "Where nobody is looking",
    "blindtext": (
        "Cells where a death within three months is likely and little of it would be reported; silence "
        "there says nothing. The interval is what is left open by how much is reported. Known to the end "
        "of:"
    ),
    "noblind": "No list of blind spots was given to this bulletin. That is not to say that there are none.",
    "chance": "Chance of a death in 3 months",
    "anybody": "Reported by anybody",
    "unseen": "A death that nobody would report",
    "between": "between {low} and {high} times in a hundred",
    "asof": "As of:",
    "lines": (
        "Lines on the map take no position. Dashed lines and ruled areas are disputed or undetermined, "
        "and none is preferred to another."
    ),
}
_URDU = {
    "title": "نگرانی کا بلیٹن", "draft": "یہ ترجمہ مشین کا مسودہ ہے؛ جہاں اہم ہو انگریزی متن پڑھیں۔",
    "exercise": "مشق: اس میں جو کہا گیا ہے فرضی ہے۔",
    "dual": (
        "دوہرا استعمال۔ یہ تقریباً 55 کلومیٹر کے خانوں اور مہینوں کی بات کرتا ہے۔ یہ کسی شخص کے خلاف "
        "کارروائی کی بنیاد نہیں، اور نہ ہدف بنانے کے لیے ہے۔"
    ),
    "picture": "مشترکہ تصویر", "none": "اس مدت کے لیے کوئی رپورٹ نہیں۔", "cells": "خانے، معلومات کے لحاظ سے",
    "observed": "مشاہدہ شدہ", "partly": "جزوی مشاہدہ", "silent": "مشاہدہ نہیں ہوا",
    "not-covered": "کسی کے ذمے نہیں", "uncertain": "یہ کتنا یقینی ہے",
    "uncertainty": (
        "اعداد رپورٹ دینے والوں کے کم ترین سے بلند ترین دعوے تک ہیں؛ کسی کو ترجیح نہیں۔ جس خانے کا "
        "کسی نے مشاہدہ نہیں کیا وہ پرامن خانہ نہیں۔ رپورٹیں دیر سے آتی ہیں: تازہ ترین مہینے کم "
        "دکھائی دیتے ہیں۔ 40 فیصد کی پیش گوئی، اگر اچھی ہو، دس میں چار بار سچ نکلتی ہے: پچھلے "
        "انتباہات کا ریکارڈ دیکھیں۔"
    ),
    "small": "اس سے کم اعداد نہیں بتائے جاتے:", "alerts": "انتباہات", "noalerts": "یہاں کوئی انتباہ نہیں۔",
    "record": "پچھلے انتباہات کا ریکارڈ",
    "onset": "آغاز کے انتباہ زیادہ تر غلط ہوتے ہیں: ماضی کم بتاتا ہے کہ تشدد کہاں شروع ہوگا۔",
    "assessments": "مشترکہ جائزے", "noassessments": "یہاں کوئی جائزہ نہیں۔", "concur": "متفق",
    "dissent": "اختلاف", "sources": "ماخذ اور حوالے", "cell": "خانہ", "status": "حالت",
    "reporters": "رپورٹ دینے والے", "incidents": "واقعات", "deaths": "ہلاکتیں", "kind": "قسم",
    "months": "مہینے", "true": "سچ ہونے کی حد", "basis": "بنیاد", "asked": "کس سے کہا گیا", "became": "نتیجہ",
    "resolved": "طے شدہ", "came": "سچ نکلے", "unknown": "معلوم نہیں ہو سکتا",
    "blind": "جہاں کوئی نہیں دیکھ رہا",
    "blindtext": (
        "وہ خانے جہاں تین مہینوں میں کسی ہلاکت کا امکان ہے اور اس کی کم ہی رپورٹ ہو گی؛ وہاں کی خاموشی "
        "کچھ نہیں بتاتی۔ وقفہ وہ ہے جو رپورٹ ہونے کے تناسب سے کھلا رہ جاتا ہے۔ معلومات اس مہینے کے آخر "
        "تک:"
    ),
    "noblind": "اس بلیٹن کو اندھے مقامات کی کوئی فہرست نہیں دی گئی۔ اس کا یہ مطلب نہیں کہ ایسے مقامات نہیں۔",
    "chance": "3 ماہ میں ہلاکت کا امکان",
    "anybody": "کسی کی بھی رپورٹ",
    "unseen": "ہلاکت جس کی کوئی رپورٹ نہ دے",
    "between": "سو میں سے {low} سے {high} بار",
    "asof": "معلومات کی تاریخ:",
    "lines": (
        "نقشے کی لکیریں کوئی موقف ظاہر نہیں کرتیں۔ ٹوٹی لکیریں اور لکیر دار علاقے متنازع یا غیر متعین "
        "ہیں، اور کسی کو دوسرے پر ترجیح نہیں۔"
    ),
}
_PERSIAN = {
    "title": "بولتن پایش", "draft": "این ترجمه پیش‌نویس ماشین است؛ هر جا مهم است متن انگلیسی را بخوانید.",
    "exercise": "تمرین: آنچه در این‌جا آمده ساختگی است.",
    "dual": (
        "کاربرد دوگانه. این از خانه‌هایی حدود ۵۵ کیلومتر و از ماه‌ها سخن می‌گوید؛ نه مبنای اقدام "
        "علیه کسی است و نه برای هدف‌گیری."
    ),
    "picture": "تصویر مشترک", "none": "برای این دوره گزارشی نیست.", "cells": "خانه‌ها بر پایه دانسته‌ها",
    "observed": "مشاهده‌شده", "partly": "تا حدی مشاهده‌شده", "silent": "مشاهده‌نشده",
    "not-covered": "بر عهده کسی نیست", "uncertain": "این تا چه حد مطمئن است",
    "uncertainty": (
        "ارقام از کمترین تا بیشترین ادعای گزارش‌دهندگان یک خانه‌اند و هیچ‌یک ترجیح ندارد. خانه‌ای که "
        "کسی مشاهده نکرده خانه آرام نیست. گزارش‌ها دیر می‌رسند: ماه‌های آخر کم دیده می‌شوند. "
        "پیش‌بینی ۴۰ درصدی، اگر خوب باشد، از ده بار چهار بار درست درمی‌آید: کارنامه هشدارهای پیشین "
        "را ببینید."
    ),
    "small": "شمارهای کمتر از این گفته نمی‌شود:", "alerts": "هشدارها", "noalerts": "این‌جا هشداری نیست.",
    "record": "کارنامه هشدارهای پیشین",
    "onset": "هشدارهای آغاز بیشتر نادرست‌اند: گذشته کم می‌گوید خشونت کجا آغاز می‌شود.",
    "assessments": "ارزیابی‌های مشترک", "noassessments": "این‌جا ارزیابی‌ای نیست.", "concur": "موافق",
    "dissent": "مخالف", "sources": "منابع و ارجاع‌ها", "cell": "خانه", "status": "وضعیت",
    "reporters": "گزارش‌دهندگان", "incidents": "رویدادها", "deaths": "کشته‌ها", "kind": "نوع",
    "months": "ماه‌ها", "true": "درست درمی‌آید با", "basis": "مبنا", "asked": "از که خواسته شد",
    "became": "نتیجه", "resolved": "روشن‌شده", "came": "درست درآمد", "unknown": "نمی‌توان گفت",
    "blind": "جایی که کسی نگاه نمی‌کند",
    "blindtext": (
        "خانه‌هایی که در آن‌ها مرگ در سه ماه آینده محتمل است و اندکی از آن گزارش می‌شود؛ سکوت در آن‌جا "
        "چیزی نمی‌گوید. بازه همان است که میزان گزارش‌دهی باز می‌گذارد. دانسته تا پایان:"
    ),
    "noblind": "به این بولتن فهرستی از نقاط کور داده نشده است. این بدان معنا نیست که چنین نقاطی وجود ندارد.",
    "chance": "احتمال مرگ در ۳ ماه",
    "anybody": "گزارش هر کسی",
    "unseen": "مرگی که کسی گزارش نمی‌کند",
    "between": "از صد بار، بین {low} تا {high} بار",
    "asof": "تاریخ دانسته‌ها:",
    "lines": (
        "خطوط نقشه بیانگر هیچ موضعی نیست. خطوط بریده و نواحی خط‌خورده مورد اختلاف یا نامعین‌اند و هیچ‌یک "
        "بر دیگری ترجیح ندارد."
    ),
}
_RUSSIAN = {
    "title": "Бюллетень мониторинга",
    "draft": "Перевод подготовлен машиной; где это важно, читайте английский текст.",
    "exercise": "УЧЕНИЕ: всё сказанное здесь вымышлено.",
    "dual": (
        "Двойное назначение. Речь о районах примерно 55 на 55 км и о месяцах. Это не основание для "
        "действий против какого-либо лица и не для целеуказания."
    ),
    "picture": "Общая картина", "none": "За этот период ничего не сообщено.",
    "cells": "Ячейки по тому, что известно", "observed": "наблюдалась", "partly": "частично",
    "silent": "не наблюдалась", "not-covered": "ни за кем", "uncertain": "Насколько это надёжно",
    "uncertainty": (
        "Числа даны от наименьшего до наибольшего утверждения сообщающих о ячейке; ни одно не "
        "предпочтено. Ячейка, за которой никто не наблюдал, не значит мирная. Сообщения запаздывают: "
        "последние месяцы занижены. Прогноз в 40 %, если он хорош, сбывается четыре раза из десяти: "
        "см. итоги предупреждений."
    ),
    "small": "Числа меньше этого не приводятся:", "alerts": "Предупреждения",
    "noalerts": "Предупреждений здесь нет.", "record": "Итоги прежних предупреждений",
    "onset": (
        "Предупреждения о начале насилия чаще ошибочны: прошлое мало говорит о том, где оно начнётся."
    ),
    "assessments": "Совместные оценки", "noassessments": "Оценок здесь нет.", "concur": "согласен",
    "dissent": "ВОЗРАЖАЕТ", "sources": "Источники и ссылки", "cell": "Ячейка", "status": "Состояние",
    "reporters": "Кто сообщает", "incidents": "Инциденты", "deaths": "Погибшие", "kind": "Вид",
    "months": "Месяцы", "true": "Сбывается при", "basis": "Основание", "asked": "Кого просят", "became": "Итог",
    "resolved": "Разрешено", "came": "Сбылось", "unknown": "Нельзя сказать",
    "blind": "Где никто не смотрит",
    "blindtext": (
        "Ячейки, где в ближайшие три месяца вероятна гибель людей и мало что об этом будет сообщено; "
        "молчание там ничего не значит. Интервал показывает, что остаётся неизвестным из-за неполноты "
        "сообщений. Известно по конец месяца:"
    ),
    "noblind": "Список слепых зон к этому бюллетеню не приложен. Это не значит, что их нет.",
    "chance": "Вероятность гибели за 3 месяца",
    "anybody": "Сообщается кем-либо",
    "unseen": "Гибель, о которой никто не сообщит",
    "between": "от {low} до {high} раз из ста",
    "asof": "По состоянию на:",
    "lines": (
        "Линии на карте не выражают никакой позиции. Пунктирные линии и заштрихованные районы спорны или "
        "не определены, и ни одна не предпочтена другой."
    ),
}
_CHINESE = {
    "title": "监测公报", "draft": "本译文由机器起草；重要之处请阅读英文。",
    "exercise": "演习：本公报内容均属虚构。",
    "dual": (
        "两用提示。本公报只涉及约55公里见方的区域和月份，不得作为针对任何人采取行动的依据，也不得"
        "用于选定打击对象。"
    ),
    "picture": "联合态势图", "none": "本期无报告。", "cells": "按已知情况分的网格", "observed": "已观察",
    "partly": "部分观察", "silent": "未观察", "not-covered": "无人负责报告", "uncertain": "可靠程度",
    "uncertainty": (
        "数字为报告方主张的最低值至最高值，不偏向任何一方。无人观察的网格不等于平静。报告有延迟：最"
        "近几个月偏低。40%的预测若准确，十次中有四次成真：请看以往预警的记录。"
    ),
    "small": "低于此数的计数不予公布：", "alerts": "预警", "noalerts": "此处没有预警。",
    "record": "以往预警的记录", "onset": "爆发预警多数不准：历史很少能说明暴力将从何处开始。",
    "assessments": "联合评估", "noassessments": "此处没有评估。", "concur": "同意", "dissent": "异议",
    "sources": "来源与引用", "cell": "网格", "status": "状况", "reporters": "报告方", "incidents": "事件",
    "deaths": "死亡", "kind": "类别", "months": "月份", "true": "成真条件", "basis": "依据",
    "asked": "请求对象", "became": "结果", "resolved": "已有结果", "came": "成真", "unknown": "无法判断",
    "blind": "无人关注之处",
    "blindtext": (
        "三个月内可能有人死亡而少有报告的网格；那里的沉默不说明任何问题。"
        "区间表示因报告程度未知而留下的范围。所知截至月末："
    ),
    "noblind": "本公报未附盲区清单。这并不表示没有盲区。",
    "chance": "3个月内死亡的概率",
    "anybody": "任一方会报告",
    "unseen": "无人报告的死亡",
    "between": "一百次中{low}至{high}次",
    "asof": "截至：",
    "lines": "地图上的线不表示任何立场。虚线和画线区域有争议或未定，任何一条均不优先于另一条。",
}
TONGUES = {
    "en": Tongue("en", "ltr", True, _ENGLISH),
    "ur": Tongue("ur", "rtl", False, _URDU),
    "fa": Tongue("fa", "rtl", False, _PERSIAN),
    "ru": Tongue("ru", "ltr", True, _RUSSIAN),
    "zh-Hans": Tongue("zh-Hans", "ltr", False, _CHINESE),
}
