"""What a coordinator would ask the operator, for each setting: Polish and English."""

from typing import Final

QUESTIONS: Final[dict[str, tuple[str, str]]] = {
    "tier_base": (
        "Czy mnożnik 95-75 % obejmuje tylko energię pokrytą, czy całą pobraną w danej godzinie?",
        "Does the 95 to 75 % multiplier apply to covered energy alone, or to all that is drawn in the hour?",
    ),
    "ratio_denominator": (
        "Czy zużycie członków to energia pobrana z sieci, czy także autokonsumpcja za licznikiem?",
        "Is members' consumption what they draw from the network, or own use behind the meter too?",
    ),
    "ratio_numerator": (
        "Czy do progu liczy się cała energia OZE wprowadzona, czy tylko pokryta?",
        "Does all injected renewable energy count towards the step, or only the covered?",
    ),
    "above_100": (
        "Jaki mnożnik obowiązuje powyżej 100 %: 75 % czy 80 %?",
        "Which multiplier applies above 100 %: 75 % or 80 %?",
    ),
    "excluded_regimes": (
        "Czy z ulgi wyłączony jest tylko net-metering (art. 4 ust. 1), czy także net-billing?",
        "Is only net-metering (art. 4 ust. 1) excluded from relief, or net-billing too?",
    ),
    "exclusion_scope": (
        "Czy jeden wyłączony PPE odbiera ulgę całemu członkowi?",
        "Does one excluded PPE take the relief of the whole member?",
    ),
    "excluded_mode": (
        "Czy energia członków wyłączonych wchodzi do sum klastra?",
        "Does the energy of excluded members count in the cluster's sums?",
    ),
    "forfeited": (
        "Czy udział członków wyłączonych przepada, czy dzieli się między pozostałych?",
        "Is the share of the excluded lost, or shared among the others?",
    ),
    "hour_formation": (
        "Czy godzina to suma czterech kwadransów, czy przekazana wartość godzinowa?",
        "Is an hour the sum of its four quarters, or the hourly value as given?",
    ),
    "netting": (
        "Dla których PPE bilansuje się pobór i wprowadzenie w godzinie?",
        "At which PPE are drawn and injected energy netted within the hour?",
    ),
    "storage": (
        "Czy ładowanie magazynu jest poborem, a całe rozładowanie energią OZE?",
        "Is a storage's charging drawn energy, and all its discharge renewable?",
    ),
    "storage_origin": (
        "Czy licznik magazynu za PPE wytwórcy wykazuje pochodzenie energii?",
        "Does a storage's meter behind a producer's PPE show the origin of its energy?",
    ),
    "storage_tracing": (
        "Jaka część rozładowania magazynu jest energią z OZE?",
        "What part of a storage's discharge is renewable?",
    ),
    "precedence": (
        "Czy rozliczenie opiera się na danych operatora także wtedy, gdy własne odczyty są inne?",
        "Does the settlement rest on the operator's values where one's own readings differ?",
    ),
    "industrial_order": (
        "Co najpierw: zwolnienie klastra czy procent odbiorcy przemysłowego w opłacie OZE?",
        "Which first: the cluster's exemption or an industrial consumer's per cent of the OZE fee?",
    ),
    "regime_status": (
        "Czy Komisja Europejska wydała rozstrzygnięcie i od kiedy stosuje się ulgę?",
        "Has the European Commission decided, and since when does the relief apply?",
    ),
    "conditions_fail": (
        "Czy niespełnienie warunku z art. 184l odbiera ulgę i od kiedy?",
        "Does failing a condition of art. 184l end the relief, and from when?",
    ),
}
"""Of the settings that change a month's figures."""
