"""How amounts and dates are written in each language, on screens and on paper alike."""

from babel import Locale

# Morocco's conventions: comma decimals in both, Latin digits in Arabic. There is no en_MA.
FORMATS = {"fr": Locale.parse("fr_MA"), "ar": Locale.parse("ar_MA"), "en": Locale.parse("en")}
CURRENCY = {"fr": "MAD", "ar": "د.م.", "en": "MAD"}
