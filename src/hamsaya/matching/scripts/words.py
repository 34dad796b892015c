"""Words that scripts and registers treat differently: titles, particles, compounds, and names with two old spellings.

Each list holds the spellings of all scripts; they are compared after folding (lower case, one form of alef, of ya
and of kaf, marks off). A reader who misses a title adds it here and raises the version.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TITLES = _words(
    """mullah mulla molla maulavi mawlawi maulawi maulvi molvi moulavi mawlavi haji hajji hadji hadj hajj alhaj alhaji
    qari dr doctor shaykh sheikh shaikh cheikh sheik shaik ustad ostad ustaz engineer eng prof professor gen general col
    colonel capt captain mr mrs ms sir saheb sahib ayatollah maulana mawlana hazrat comrade
    ملا مولوی حاجی حاج قاری دکتر دکتور ډاکتر ڈاکٹر شیخ استاد استاذ مهندس الحاج صاحب مولانا حضرت جنرال انجینیر
    мулла мулло хаджи гаджи хожи хожа шейх шайх устод устоз доктор маулави мавлави кори"""
)
"""Never part of a name: left out wherever another word remains."""

WEAK = _words(
    """sayyid sayed sayyed syed seyyed seyed saiyed seyid agha aga khan khon jan akhund akhond akhoond bey beg begum
    bibi mir mirza khwaja khawaja sardar malik shah sid hafiz hafez imam
    سید السید اغا اقا خان جان اخوند بیگ بیگم بیبی میر میرزا خواجه سردار ملک شاه حافظ امام
    сайид сайид сеид саид хан хон ага ака ахунд бек бей мир мирза мирзо ходжа шах шоҳ жан жон имам хафиз ҳофиз"""
)
"""Titles that are often part of the name: left out where two other words remain."""

PARTICLES = _words(
    """al el ul ur us ud ad ed as es ash ech ach at et az ez an en ar er il bin ibn bn ebn ben b bint bt ould wuld walad
    uld la le de von van e i uly uli oglu ogly oghlu ugli ogli uglu kyzy qizi kizi kyz kizy gizi qyzy uulu
    ال بن ابن بنت ولد
    аль эль әл ал ад ас аш ан ар аз ат уль ибн ибни бен бин бинт уулу улы оглы угли кызы қызы қизи ўғли углы ули"""
)

SERVANT = _words(
    """abd abdul abdel abdal abdol abdil abdur abder abdar abdus abdes abdu abdou abdoul abdool
    عبد абд абдул абдель абдаль абдол абду абдур абдус"""
)
"""Begins a compound with the next word: abd al-Rahman, Abdurrahman, عبدالرحمن are one name."""
FATHER = _words("abu abo abou abi aboo abul aboul ابو ابی абу әбу")
FAITH = _words("din deen dine eddin eddine eldin aldin uddin ouddine الدین دین дин эддин уддин")
GOD = _words("allah ullah ollah ulla oullah alla الله لله аллах улла уллах уллох оллох")
CHILD = _words("zada zadeh zade zoda zadah zai pur pour poor زاده زی پور заде зода зада пур")
"""FAITH, GOD and CHILD end a compound with the word before: Siraj ud-Din, Saif Allah, Akhund Zada."""

REFLEX = _words("haq haqq haque hak haqe islam alam ghani")
"""Second halves before which a Latin -ul belongs to the article: Ziaul Haq, Nurul Islam."""

NO_ARTICLE = ("یاس$", "هام$", "کس", "ناز$", "ماس$", "طاف$", "فت$")
"""What follows ال in names that begin with these letters without an article: Ilyas, Elham, Alexander, Altaf."""

PATRONYMICS = ("ovich", "evich", "ovna", "evna", "ович", "евич", "овна", "евна")

MUHAMMAD = _words(
    """muhammad muhammed muhamed muhamad mohammad mohammed mohamed mohamad mouhamed mouhammad mouhamad mahomed
    mahommed mehmed mehmet mohd muhd md mhd magomed magomad magomet maghomed mukhammad mukhamed mukhammed mokhammad
    mukhamad muxammad muhammet mukhamet mukhammet mamed mammad mamad mambet
    محمد
    мухаммад мухаммед мухамед мухамад мохаммад мохаммед мохамад мохамед мухаммет мухамет магомед магомад магомет
    муҳаммад муҳаммед мұхаммед мұхамед мұхаммад мамед мамад мамбет"""
)
MAHMUD = _words(
    """mohamud mohamoud mohammud muhamoud mahmud mahmood mahmoud mehmood mahmut makhmud makhmut mahmod maxmud
    محمود махмуд маҳмуд махмут махмұд"""
)
HASAN = _words("hasan hassan hasen hassen hassane gasan khasan xasan حسن хасан ҳасан гасан")
HUSAYN = _words(
    """husayn husain hussain husein hussein huseyn hussayn husen hussen hosein hossein hosain hossain houssein houcine
    hocine hoseyn houssain husseyin hoessein gusein guseyn huseyin khusein khusain xusayn
    حسین хусейн хусайн ҳусайн ҳусейн гусейн құсайын хусаин"""
)
IBRAHIM = _words("ibrahim ebrahim ibragim ibraheem ibrohim ابراهیم ибрагим ибрахим иброҳим иброхим ибраһим")
FAYSAL = _words("faysal faisal faycal faical fayssal faissal feisal فیصل фейсал файсал файсаль фейсаль")
FIXED = {
    **dict.fromkeys(MUHAMMAD, "MMT"), **dict.fromkeys(MAHMUD, "MMVT"),
    **dict.fromkeys(HASAN, "HSN"), **dict.fromkeys(HUSAYN, "HSAN"),
    **dict.fromkeys(IBRAHIM, "ABRM"), **dict.fromkeys(FAYSAL, "FSL"),
}
"""Frequent names whose consonants would fall together (Hasan, Husayn) or apart (Magomed, Muhammad)."""

COMPOUND_SURNAMES = _words(
    """欧阳 歐陽 司马 司馬 诸葛 諸葛 上官 皇甫 尉迟 尉遲
    公孙 公孫 慕容 令狐 司徒 夏侯 东方 東方 端木 长孙 長孫"""
)

FREQUENT = _words(
    "MMT AMT ABTL ABTRMN AL HSN HSAN MSTF AMR ABRM SF SLM SMR NR KRM HMT HLT TRK GL LT GN KN ST HMZ ABTLTF SL"
)
"""Skeletons that many names carry; two of them do not identify anybody."""
