"""One node: two pipelines, one journal, one writer; the cores are introduced to each other here by values."""
