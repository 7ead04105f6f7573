"""What each value of a setting of the law's open questions means, in one phrase: Polish and English."""

from __future__ import annotations

from typing import Final

ANSWERS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "tier_base": {
        "covered": ("tylko energię objętą ulgą", "energy with relief alone"),
        "all_drawn": ("całą pobraną", "all that is drawn"),
    },
    "ratio_denominator": {
        "drawn": ("energia pobrana z sieci", "energy drawn from the network"),
        "gross": ("także autokonsumpcja za licznikiem", "own use behind the meter too"),
    },
    "ratio_numerator": {
        "injected": ("cała wprowadzona energia OZE", "all injected renewable energy"),
        "covered": ("tylko pokryta", "the covered alone"),
    },
    "above_100": {
        "cap": ("75 %", "75 %"),
        "literal": ("80 %", "80 %"),
    },
    "excluded_regimes": {
        "art4_1": ("tylko net-metering (art. 4 ust. 1)", "net-metering alone (art. 4 ust. 1)"),
        "art4_1, art4_1a": ("net-metering i net-billing", "net-metering and net-billing"),
        "microinstallation": ("każda mikroinstalacja", "every micro-installation"),
    },
    "exclusion_scope": {
        "member": ("tak, całemu członkowi", "yes, of the whole member"),
        "ppe": ("nie, tylko ten PPE", "no, that PPE alone"),
    },
    "excluded_mode": {
        "benefit_only": ("tak, tylko bez ulgi", "yes, but without relief"),
        "full": ("nie, poza bilansem", "no, left out of the balance"),
    },
    "forfeited": {
        "lost": ("przepada", "lost"),
        "redistributed": ("dzieli się między pozostałych", "shared among the others"),
    },
    "hour_formation": {
        "quarters": ("suma czterech kwadransów", "the sum of its four quarters"),
        "as_given": ("wartość godzinowa, jeżeli jest", "the hourly value where there is one"),
    },
    "netting": {
        "by_kind": ("dla prosumentów", "at prosumers'"),
        "registers": ("dla żadnych", "at none"),
        "vector": ("dla wszystkich", "at all"),
    },
    "storage": {
        "res_charged_only": ("nie: ładowanie poza bilansem, z rozładowania część OZE",
                             "no: charging is left out, of the discharge the renewable part counts"),
        "as_metered": ("tak, jak mierzy licznik", "yes, as metered"),
    },
    "storage_origin": {
        "grid_until_shown": ("nie: liczy się jako energia z sieci", "no: it counts as taken from the network"),
        "by_meter": ("tak, według licznika magazynu", "yes, by the storage's meter"),
    },
    "storage_tracing": {
        "proportional": ("część odnawialna jego zasobu", "the renewable share of what it holds"),
        "all": ("całość", "all"),
        "none": ("nic", "none"),
    },
    "precedence": {
        "operator": ("dane operatora", "the operator's values"),
        "own": ("własne odczyty", "one's own readings"),
    },
    "industrial_order": {
        "cluster_first": ("najpierw zwolnienie klastra", "the cluster's exemption"),
        "industrial_first": ("najpierw procent odbiorcy", "the consumer's per cent"),
    },
    "regime_status": {
        "simulation": ("symulacja: jakby już obowiązywała", "simulation: as if it applied"),
        "binding": ("wiążąco, od rozstrzygnięcia", "binding, from the outcome on"),
    },
    "conditions_fail": {
        "warn": ("nie, jest tylko ostrzeżenie", "no, it is only told"),
        "no_relief": ("tak, na ten czas", "yes, for that time"),
    },
}  # fmt: skip
"""By setting and value, as ``central.statements.statement.Setting`` writes it; the questions are in
``central.readings_of_law.questions``."""
