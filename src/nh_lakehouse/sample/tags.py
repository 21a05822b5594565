"""The tags of citations: numbers, categories and descriptions, and how often each is cited.

The tags cited most have their published numbers and are described in short; the others are made up, so that the file
has as many of each series as in October 2024 (391 F, 221 K, 29 E). How often a category is drawn was fitted so that its
mean per standard inspection is that of the Survey Summary of October 2024 (no tag is cited twice on one inspection).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["FIRE", "FIRE_CATEGORIES", "HEALTH", "HEALTH_CATEGORIES", "INFECTION_CONTROL", "Series", "Tag", "all_tags"]

Floats = NDArray[np.float64]

HEALTH, FIRE = "F", "KE"
INFECTION_CONTROL = "Infection Control Deficiencies"


class Tag(NamedTuple):
    """One tag; `weight` is how often it is cited on a standard inspection, in any unit, 0 for never."""

    prefix: str
    number: int
    category: str
    description: str
    weight: float


class _Category(NamedTuple):
    """A category: how often it is drawn, its number of tags, and the number from which its other tags count."""

    name: str
    weight: float
    tags: int
    spare: int
    complaints: float
    topics: str


#: `complaints` is how much more often the category is cited on complaint inspections.
_HEALTH = (
    _Category(
        "Freedom from Abuse, Neglect, and Exploitation Deficiencies", 0.258, 24, 221, 3.6,
        "abuse|neglect|exploitation|restraints",
    ),
    _Category(
        "Quality of Life and Care Deficiencies", 1.8343, 68, 240, 1.3,
        "mobility|hearing|vision|sleep|foot care|wounds|activities|bathing|mental health",
    ),
    _Category(
        "Resident Assessment and Care Planning Deficiencies", 1.13, 48, 271, 0.8,
        "assessments|care plans|discharge plans|screening|records of progress|reviews",
    ),
    _Category(
        "Nursing and Physician Services Deficiencies", 0.2192, 24, 353, 1.2,
        "nurse staffing|physician visits|nurse aides|orders",
    ),
    _Category(
        "Resident Rights Deficiencies", 0.9952, 86, 151, 1.2,
        "visitors|personal funds|notices|room changes|grievances|privacy|mail|transfers|choices",
    ),
    _Category(
        "Nutrition and Dietary Deficiencies", 0.8236, 34, 360, 0.45,
        "menus|meals|kitchens|dietary staff|therapeutic diets",
    ),
    _Category(
        "Pharmacy Service Deficiencies", 0.8658, 24, 425, 0.7,
        "drug records|drug storage|pharmacist reviews|injections",
    ),
    _Category(
        "Environmental Deficiencies", 0.1758, 26, 454, 0.8,
        "bedrooms|corridors|pest control|call lights",
    ),
    _Category(
        "Administration Deficiencies", 0.1777, 41, 490, 1.1,
        "medical records|governing body|laboratory services|contracts|staff training|x-ray services",
    ),
    _Category(INFECTION_CONTROL, 0.69, 16, 441, 0.6, "linens|isolation|vaccination"),
)  # fmt: skip
_FIRE = (
    _Category("Emergency Preparedness Deficiencies", 0.48, 29, 40, 1.0, "emergency power|evacuation|shelter"),
    _Category("Automatic Sprinkler Systems Deficiencies", 0.000204, 8, 56, 1.0, "sprinklers"),
    _Category("Construction Deficiencies", 0.0853, 20, 101, 1.0, "walls|roofs|floors"),
    _Category("Services Deficiencies", 0.2515, 20, 501, 1.5, "elevators|chutes|heating"),
    _Category("Corridor Walls and Doors Deficiencies", 0.000136, 10, 17, 1.0, "corridor walls|corridor doors"),
    _Category("Egress Deficiencies", 0.5462, 36, 201, 1.0, "exits|stairways|exit doors|ramps|aisles"),
    _Category("Electrical Deficiencies", 0.008233, 5, 147, 1.0, "wiring"),
    _Category("Emergency Plans and Fire Drills Deficiencies", 0.0, 4, 48, 1.0, "fire drills"),
    _Category("Fire Alarm Systems Deficiencies", 0.000023, 6, 51, 1.0, "fire alarms"),
    _Category("Smoke Deficiencies", 1.9057, 44, 301, 0.8, "smoke barriers|smoke detectors|dampers|fire doors|alarms"),
    _Category("Interior Deficiencies", 0.000045, 4, 14, 1.0, "wall finishes"),
    _Category(
        "Gas, Vacuum, and Electrical Systems Deficiencies", 0.8324, 30, 903, 1.0, "oxygen|vacuum systems|outlets|cords"
    ),
    _Category("Hazardous Area Deficiencies", 0.000136, 5, 29, 1.0, "hazardous areas"),
    _Category("Illumination and Emergency Power Deficiencies", 0.000023, 5, 105, 1.0, "emergency lights"),
    _Category("Laboratories Deficiencies", 0.0, 4, 135, 1.0, "laboratories"),
    _Category("Medical Gases and Anesthetizing Areas Deficiencies", 0.000045, 4, 76, 1.0, "anesthetics"),
    _Category("Smoking Regulations Deficiencies", 0.0, 2, 66, 1.0, "smoking"),
    _Category("Miscellaneous Deficiencies", 0.4439, 14, 700, 2.0, "decorations|heaters|curtains"),
)

#: Tags cited most, by category: number, citations in 1,000 of the category, what the home has to do.
_CITED = {
    "Freedom from Abuse, Neglect, and Exploitation Deficiencies": """
600 330 Protect each resident from all types of abuse such as physical, mental, sexual abuse, and neglect.
609 250 Timely report suspected abuse, neglect, or theft and the results of the investigation to proper authorities.
610 170 Respond appropriately to all alleged violations.
607 120 Develop and implement policies and procedures to prevent abuse, neglect, and theft.
604 45 Ensure that each resident is free from the use of physical restraints, unless needed for medical treatment.
602 45 Protect each resident from the wrongful use of the resident's belongings or money.
603 5 Protect each resident from separation (from other residents, the resident's room, or confinement to the room).
605 5 Ensure that each resident is free from chemical restraints, unless needed for medical treatment.
606 5 Not hire anyone with a finding of abuse, neglect, exploitation, or theft.
608 5 Develop and implement policies for staff to report any reasonable suspicion of a crime.""",
    "Quality of Life and Care Deficiencies": """
689 205 Ensure that the nursing home is free from accident hazards, and supervise residents to prevent accidents.
684 190 Provide appropriate treatment and care according to orders, resident's preferences and goals.
677 110 Provide care and assistance to perform activities of daily living for any resident who is unable.
686 90 Provide appropriate pressure ulcer care and prevent new ulcers from developing.
695 75 Provide safe and appropriate respiratory care for a resident when needed.
690 65 Provide appropriate care for residents who are continent or incontinent, and prevent urinary tract infections.
692 55 Provide enough food and fluids to maintain a resident's health.
688 35 Provide appropriate care to maintain or improve range of motion and mobility.
693 25 Ensure that feeding tubes are not used unless there is a medical reason, with appropriate care.
697 25 Provide safe, appropriate pain management for a resident who requires such services.
679 25 Provide activities to meet all residents' needs.
698 20 Provide safe, appropriate dialysis care for a resident who requires such services.
700 20 Try different approaches before using a bed rail, and keep it safe.
676 10 Ensure residents do not lose the ability to perform activities of daily living unless there is a medical reason.
685 8 Assist a resident in gaining access to vision and hearing services.
687 8 Provide appropriate foot care.
694 8 Provide for the safe, appropriate administration of fluids by vein for a resident when needed.
744 6 Provide the appropriate treatment to a resident who shows signs of dementia.
740 5 Ensure each resident receives the necessary behavioral health care.
675 5 Honor each resident's preferences, choices, values and beliefs.""",
    "Resident Assessment and Care Planning Deficiencies": """
656 300 Develop and implement a complete care plan that meets all needs, with actions that can be measured.
657 170 Develop the complete care plan within 7 days of the assessment, and have a team review it.
641 170 Ensure each resident receives an accurate assessment.
658 120 Ensure services provided by the nursing facility meet professional standards of quality.
655 70 Create a plan for meeting the resident's most immediate needs within 48 hours of being admitted.
645 50 Screen residents before admission for a mental disorder or an intellectual disability.
638 25 Assess the resident at least once every three months.
644 25 Coordinate assessments with the program of screening before admission.
636 15 Assess the resident completely when admitted, and then at least every 12 months.
661 12 Ensure necessary information goes to the resident and the next provider at a planned discharge.
640 10 Encode each resident's assessment data and transmit it to the state within 7 days.
660 8 Plan the resident's discharge to meet the resident's goals and needs.
637 8 Assess the resident when there is a significant change in condition.""",
    "Nursing and Physician Services Deficiencies": """
725 330 Provide enough nursing staff every day, and have a licensed nurse in charge on each shift.
727 170 Have a registered nurse on duty 8 hours a day, and a full time director of nursing.
726 150 Ensure that nurses and nurse aides have the appropriate competencies to care for every resident.
732 130 Post nurse staffing information every day.
730 80 Observe each nurse aide's job performance and give regular training.
712 40 Ensure that the resident and the doctor meet face to face at all required visits.
711 25 Ensure the resident's doctor reviews the resident's care, writes and signs notes and orders at each visit.
728 15 Ensure that nurse aides who have worked more than 4 months are trained and competent.
710 10 Obtain a doctor's order to admit a resident, and ensure the resident is under a doctor's care.
714 5 Ensure that the doctor's tasks are delegated as the law allows.""",
    "Resident Rights Deficiencies": """
584 180 Honor the resident's right to a safe, clean, comfortable and homelike environment.
550 150 Honor the resident's right to a dignified existence, communication, and to exercise his or her rights.
580 120 Immediately tell the resident, the doctor, and a family member of situations that affect the resident.
578 80 Honor the resident's right to request, refuse, or discontinue treatment and to formulate an advance directive.
558 70 Reasonably accommodate the needs and preferences of each resident.
623 55 Provide timely notification before transfer or discharge, including appeal rights.
583 50 Keep residents' personal and medical records private and confidential.
561 45 Honor the resident's right to and the facility must promote and facilitate resident self-determination.
585 40 Honor the resident's right to voice grievances, and have a grievance policy.
582 40 Give residents notice of coverage and liability for services not covered.
625 35 Notify the resident in writing how long the nursing home will hold the resident's bed.
565 20 Honor the resident's right to organize and participate in resident and family groups.
554 15 Allow residents to self-administer drugs if determined clinically appropriate.
622 15 Not transfer or discharge a resident without an adequate reason.
567 12 Honor the resident's right to manage his or her financial affairs.
577 12 Allow residents to easily view the nursing home's survey results.
552 10 Ensure that residents are fully informed and understand their health status, care and treatments.
557 10 Honor the resident's right to be treated with respect and to keep personal possessions.
568 8 Properly hold, secure, and manage each resident's personal money.
576 6 Ensure residents have reasonable access to and privacy in their use of communication methods.
626 6 Permit a resident to return to the nursing home after hospitalization or leave.""",
    "Nutrition and Dietary Deficiencies": """
812 620 Procure food from approved sources, and store, prepare and serve it by professional standards.
804 110 Ensure food and drink is palatable, attractive, and at a safe and appetizing temperature.
803 70 Ensure menus meet the nutritional needs of residents, are prepared in advance, followed and reviewed.
805 40 Ensure each resident receives food prepared in a form designed to meet individual needs.
801 40 Employ sufficient staff with the appropriate competencies in food and nutrition services.
806 40 Ensure each resident's food accommodates allergies, intolerances, and preferences.
814 25 Dispose of garbage and refuse properly.
802 15 Provide sufficient support personnel for food and nutrition services.
809 10 Ensure meals and snacks are served at times in accordance with resident's needs.
808 8 Ensure therapeutic diets are prescribed by the attending doctor.
800 5 Provide each resident with a nourishing, palatable, well-balanced diet.""",
    "Pharmacy Service Deficiencies": """
761 280 Ensure drugs and biologicals are labeled and stored in locked compartments, following professional principles.
755 200 Provide pharmaceutical services to meet the needs of each resident and employ or obtain a licensed pharmacist.
758 170 Ensure medications that affect the mind are needed, tried in lower doses, and limited in time.
759 100 Ensure medication error rates are not 5 percent or greater.
756 90 Ensure a licensed pharmacist performs a monthly drug regimen review.
760 75 Ensure that residents are free from significant medication errors.
757 70 Ensure each resident's drug regimen is free from unnecessary drugs.""",
    "Environmental Deficiencies": """
921 370 Make sure that the nursing home is safe, clean and comfortable for residents, staff and the public.
919 130 Make sure that a working call system is available in each resident's bathroom and bathing area.
925 130 Make sure there is a pest control program to prevent or deal with mice, insects, or other pests.
912 110 Provide rooms of at least 80 square feet per resident, and 100 square feet for single rooms.
908 100 Keep all essential equipment working safely.
909 30 Regularly inspect all bed frames, mattresses, and bed rails for safety.
911 25 Ensure resident rooms hold no more than 4 residents.
914 15 Provide bedrooms that assure full visual privacy.
924 15 Put firmly secured handrails on each side of hallways.
926 10 Have policies on smoking.
920 10 Provide at least one room set aside for dining and activities with good lighting and airflow.""",
    "Administration Deficiencies": """
842 240 Safeguard resident information and maintain medical records in accordance with accepted professional standards.
851 170 Electronically submit complete and accurate staffing information, based on payroll.
867 95 Set up an ongoing quality assessment and assurance group to review quality deficiencies and develop plans.
849 60 Arrange for the provision of hospice services or assist the resident in transferring.
947 55 Ensure nurse aides have the skills they need, with training in dementia care and abuse prevention.
835 55 Administer the facility in a manner that enables it to use its resources effectively and efficiently.
868 50 Have the quality assessment and assurance group have the required members and meet at least quarterly.
838 40 Conduct and document a facility-wide assessment to determine what resources are necessary.
791 35 Provide or obtain dental services for each resident.
847 25 Inform the resident of the terms of a binding arbitration agreement.
773 25 Provide or obtain laboratory tests when ordered and promptly tell the ordering practitioner of the results.
865 20 Have a plan that describes the process for quality assurance and performance improvement.
841 15 Designate a physician to serve as medical director.
825 15 Provide specialized rehabilitative services as required for a resident.
837 12 Establish a governing body that is legally responsible for policies.
776 8 Provide timely, quality x-ray and other diagnostic services.
943 8 Give training to staff on abuse, neglect, and exploitation.
770 5 Provide timely, quality laboratory services to meet the needs of residents.
836 5 Ensure the facility is licensed under applicable State and local law.""",
    INFECTION_CONTROL: """
880 1100 Provide and implement an infection prevention and control program.
883 75 Develop and implement policies and procedures for flu and pneumonia vaccinations.
881 65 Implement a program that monitors antibiotic use.
887 45 Educate residents and staff on COVID-19 vaccination, offer the vaccine, and document it.
882 40 Designate a qualified infection preventionist to be responsible for the infection prevention program.
886 20 Perform COVID-19 testing on residents and staff.
885 10 Report COVID-19 data to residents and families.
888 10 Ensure staff are vaccinated for COVID-19.
884 5 Report COVID-19 data to the national network as required.""",
    "Emergency Preparedness Deficiencies": """
39 110 Conduct testing and exercise requirements.
37 90 Establish staff and initial training requirements.
4 75 Develop and maintain an Emergency Preparedness Program (EP).
1 65 Establish an Emergency Preparedness Program (EP).
6 60 Conduct risk assessment and an All-Hazards approach.
41 60 Implement emergency and standby power systems.
15 55 Address subsistence needs for staff and patients.
13 50 Develop Emergency Preparedness policies and procedures.
36 45 Establish emergency prep training and testing.
30 40 Provide a contact list of names and numbers.
7 35 Address patient/client population and determine types of services needed.
9 35 Include a process for Emergency Preparedness collaboration.
29 35 Develop a communication plan.
18 30 Establish procedures for tracking staff and patients during an emergency.
20 25 Establish policies and procedures for safe evacuation.
22 25 Establish policies and procedures for sheltering in place.
24 25 Establish policies and procedures for volunteers.
25 25 Create arrangements with other facilities to receive patients.
26 20 Establish roles under a waiver declared by the Secretary.
31 20 List emergency officials' contact information.
32 20 Provide primary and alternate means for communication.
33 15 Establish methods for sharing information.
34 10 Provide information on occupancy and needs.
35 10 Share information on the emergency plan with residents and families.
23 10 Establish policies and procedures for medical documents.
42 5 Meet requirements of integrated health systems.""",
    "Construction Deficiencies": """
161 420 Meet construction type and height requirements for the building.
131 250 Separate sections of the building that are used for other purposes.
100 90 Meet other general requirements.
111 80 Meet requirements on building rehabilitation.
133 60 Have multiple occupancies built of the stricter construction type.
163 40 Have interior walls of noncombustible material.""",
    "Services Deficiencies": """
511 450 Have properly installed electrical wiring and gas equipment.
521 330 Have properly installed heating, ventilation and air conditioning.
531 110 Have elevators that firefighters can control in the event of a fire.
541 60 Have rubbish and linen chutes that are built and protected as required.
500 20 Meet other building service requirements.""",
    "Egress Deficiencies": """
222 240 Have doors in an exit area that do not require a key from the exit side.
211 230 Keep aisles, corridors, and exits free of obstruction in case of emergency.
293 140 Have properly located and lighted exit signs.
271 100 Have exits that discharge to a safe area with an even walking surface.
291 75 Have emergency lighting that can last at least one and a half hours.
223 60 Have doors with self-closing devices that close by themselves.
281 45 Have exits that are lighted at all times.
225 35 Have stairways and smokeproof enclosures used as exits that meet safety requirements.
226 15 Have horizontal exits used in accordance with safety requirements.
232 15 Have corridors or aisles that are unobstructed and are at least 8 feet in width.
241 10 Have at least two remotely located exits on each floor.
200 5 Meet other requirements for means of egress.""",
    "Smoke Deficiencies": """
353 200 Inspect, test, and maintain automatic sprinkler systems.
363 150 Have corridor and hallway doors that resist the passage of smoke.
345 130 Have approved installation, maintenance and testing program for fire alarm systems.
321 110 Have restrictions on areas of special hazard, with doors that close by themselves.
372 95 Have smoke barriers that are built to a one half hour fire resistance rating.
351 70 Install an approved automatic sprinkler system.
324 60 Provide properly protected cooking facilities.
374 55 Install smoke barrier doors that can resist smoke for at least 20 minutes.
355 35 Install and maintain properly located portable fire extinguishers.
311 30 Have stairwells and other shafts enclosed as required.
341 20 Install a fire alarm system that can be heard throughout the facility.
354 12 Have a fire watch where the sprinkler system is out of service.
346 8 Have a fire watch where the fire alarm is out of service.
325 8 Have alcohol-based hand rub dispensers properly installed.
362 8 Have corridors that are separated from use areas by walls.
347 5 Have approved smoke detection in spaces open to corridors.
300 4 Meet other protection requirements.""",
    "Gas, Vacuum, and Electrical Systems Deficiencies": """
918 330 Have generator or other power source capable of supplying service within 10 seconds, tested each month.
920 240 Ensure that extension cords and power strips are used properly.
923 140 Have proper storage and labels for oxygen cylinders.
914 110 Ensure that receptacles at patient beds are tested as required.
912 60 Have receptacles that are properly installed.
911 40 Meet other requirements for electrical systems.
921 25 Ensure that electrical equipment is tested and maintained.
919 15 Meet other requirements for electrical equipment.
929 12 Have precautions for handling oxygen cylinders and manifolds.
916 10 Have a remote annunciator panel for the generator.
901 8 Define a risk category for each building system.
900 5 Meet other health care facility requirements.""",
    "Miscellaneous Deficiencies": """
712 350 Have simulated fire drills held at unexpected times.
761 270 Inspect and test fire doors every year.
741 110 Have restrictions on the use of smoking materials.
711 90 Have a written plan for the evacuation of residents.
753 70 Have restrictions on the use of highly flammable decorations.
781 45 Have restrictions on the use of portable space heaters.
754 30 Provide properly protected containers for soiled linen and trash.
751 20 Have draperies and curtains that resist fire.
700 10 Meet other operating requirements.""",
}
_VERBS = (
    "Have policies on",
    "Keep records of",
    "Train staff in what concerns",
    "Follow professional standards for",
    "Inspect at regular times all that concerns",
    "Tell residents about",
    "Meet other requirements for",
    "Correct without delay what is wrong with",
    "Have enough staff for",
    "Review every year the rules for",
)
#: The tags that are made up share so much of their category, those of them that are cited.
_OTHER_SHARE, _NEVER_CITED = 0.04, 77


@dataclass(frozen=True)
class Series:
    """The tags of one kind of inspection, with the chances by which they are drawn.

    `category` is the place of a tag's category in `categories`. The chances are cumulative: of standard, of complaint
    and of infection control inspections.
    """

    tags: tuple[Tag, ...]
    categories: tuple[str, ...]
    category: NDArray[np.int64]
    standard: Floats
    complaint: Floats
    infection: Floats
    any_cited: Floats


HEALTH_CATEGORIES = tuple(item.name for item in _HEALTH)
FIRE_CATEGORIES = tuple(item.name for item in _FIRE)


@lru_cache(maxsize=2)
def all_tags(series: str) -> Series:
    """The tags of the health series F, or of the two fire safety series K and E."""
    categories = _HEALTH if series == HEALTH else _FIRE
    tags: list[Tag] = []
    used: set[tuple[str, int]] = set()
    for item in categories:
        prefix = _prefix(item.name, series)
        listed = [line.split(" ", 2) for line in _CITED.get(item.name, "").strip().splitlines()]
        used |= {(prefix, int(number)) for number, _, _ in listed}
    for item in categories:
        tags += _tags_of(item, _prefix(item.name, series), used, 0 if series == FIRE else _NEVER_CITED)
    tags.sort(key=lambda tag: (tag.prefix, tag.number))
    names = [item.name for item in categories]
    category = np.array([names.index(tag.category) for tag in tags], dtype=np.int64)
    weight = np.array([tag.weight for tag in tags], dtype=np.float64)
    complaint = weight * np.array([item.complaints for item in categories])[category]
    infection = weight
    if series == HEALTH:
        infection = np.where(category == names.index(INFECTION_CONTROL), 1.0, 0.03) * weight
    return Series(
        tuple(tags), tuple(names), category, *map(_chances, (weight, complaint, infection, (weight > 0) * 1.0))
    )


def _prefix(category: str, series: str) -> str:
    return "F" if series == HEALTH else "E" if category.startswith("Emergency Prep") else "K"


def _tags_of(item: _Category, prefix: str, used: set[tuple[str, int]], never: int) -> list[Tag]:
    """The tags of a category: those listed, then others, until there are as many as the category has."""
    listed = [line.split(" ", 2) for line in _CITED.get(item.name, "").strip().splitlines()]
    others = item.tags - len(listed)
    cited = max(1, others - (never * others + 140) // 244) if never else others
    share = _OTHER_SHARE if listed else 1.0
    unit = item.weight * (1 - share) / max(1, sum(int(weight) for _, weight, _ in listed))
    found = [Tag(prefix, int(number), item.name, text, int(weight) * unit) for number, weight, text in listed]
    topics, number = item.topics.split("|"), item.spare
    for place in range(others):
        while (prefix, number) in used:
            number += 1
        used.add((prefix, number))
        verb = _VERBS[place // len(topics) % len(_VERBS)]
        weight = item.weight * share / cited if place < cited else 0.0
        found.append(Tag(prefix, number, item.name, f"{verb} {topics[place % len(topics)]}.", weight))
    return found


def _chances(weights: Floats) -> Floats:
    """Cumulative shares, added up one by one, as whole numbers of 10^-12, so that they are the same everywhere."""
    units = np.rint(weights * 10**12).astype(np.int64)
    total = np.cumsum(units)
    return total / total[-1]
