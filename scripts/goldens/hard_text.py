"""Lines of text that are hard on tokenizers, deterministic by seed."""

import random
import unicodedata

SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<file_sep>", "<|im_start", "|im_end|>", "<<|im_end|>>"]

FIXED = [
    "", " ", "  ", "   ", "\n", "\r\n", "\t", " \n ", "\n\n\n", "a", " a", "a ", "  a  ", "\u0000", "a\u0000b", "\ufffd", "\ufeffbom",
    "I'm sure they'll say it's fine, don't you think? We've, you're, he'd, 'tis, 's, 'S, I'M, '", "'''", "''s''t're", "'l", "'ll'l", "'r", "'v e",
    "Hello, World!", "The quick brown fox jumps over the lazy dog.", "snake_case camelCase kebab-case UPPER_CASE",
    "def f(x: int) -> int:\n    return x ** 2  # square\n\n\nclass A(B):\n\tpass\n",
    "for (int i = 0; i < n; ++i) { a[i] += b[i] * 0x1F; } // \\o/ \"q\"", "SELECT * FROM t WHERE a >= 10 AND b <> 'x';",
    "{\"key\": [1, 2.5e-10, null, true], \"k2\": \"v\\n\"}", "<html><body class='x'>&nbsp;</body></html>", "\\begin{align} x^2 &= \\frac{1}{2} \\end{align}",
    "1", "12", "123", "1234567890", "3.14159", "1,000,000", "a1b2c3", "1 2  3   4", "½ ² ³ ¼ Ⅷ ٣٤٥ १२३ ๑๒๓ 一二三 ①② 𝟏𝟐 ৩", "x²+y³=½",
    "\U00011f50\U00011f51", "a\U0001d2c0b", "5\U0001e4f1 6", "\u088f\u1c89\ua7cb", "\U000105c0\U00010d40",
    "👨‍👩‍👧‍👦 👍🏽 🇺🇸 ❤️ 🏳️‍🌈 😀😀😀", "e\u0301 vs é, n\u0303 vs ñ, A\u030a vs Å vs \u212b", "Z\u0351\u036b\u0343a\u0314\u0306l\u0357g\u0340o",
    "مرحبا بالعالم، كيف حالك؟", "שלום עולם", "สวัสดีชาวโลก ภาษาไทย", "안녕하세요 세계 한국어", "नमस्ते दुनिया क्षत्रिय", "你好，世界！这是一个测试。", "日本語のテキストとカタカナー",
    "Привет, мир! Ёлка", "Γειά σου Κόσμε", "Việt Nam tiếng Việt", "ሰላም ዓለም", "ကမ္ဘာ", "བོད་སྐད", "ქართული", "Ελληνικά ϑ ς",
    "zero\u200bwidth\u200cnon\u200djoiner\u2060word", "nbsp\u00a0and\u202fnarrow\u3000wide\u2003em", "line\u2028para\u2029sep\u0085nel\u000bvt\u000cff\u001cfs",
    "\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u000e\u000f\u0013\u0014\u0016\u001b\u001d\u007f\u0080\u009f", "\u0004ab", "xy\u0006zw\u0013", "\U00040000a \U000c0000b",
    "\u202eright to left\u202c", "\ue000private\uf8ff", "\uffff\ufffe\U0010ffff", "𝒜𝓁𝓅𝒽𝒶 𝕏 🜁", "ﬁ ﬂ ﷺ ǆ ẞ",
    "<|im_start|>system\nYou are helpful.<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n", "<|im_start|><|im_start|>", " <|im_end|> ", "a<|im_end|>b",
    "<|im_start|", "<|IM_START|>", "<|im_start|>>", "<<|im_start|>", "x<|endoftext|>", "<file_sep><repo_name>",
    " " * 100, "\n" * 60, "\t" * 40, " \t" * 30, "\r\n" * 20, "9" * 130, "=" * 200, "-" * 70 + ">", "a" * 500, "ab" * 300, "é" * 150, "👍" * 60, "한" * 90,
    "Pneumonoultramicroscopicsilicovolcanoconiosis" * 12, "word " * 80, "  indented\n    more\n\t\ttabs\n \n  \n", "trailing spaces   ", "trailing newline\n", "a  b   c    d",
    "http://example.com/path?query=1&b=%20#frag", "user@example.com", "C:\\Windows\\System32", "$1,234.56 (€99) £5 ¥1000", "10:30 AM, 2024-01-31T23:59:59Z",
]

RANGES = [
    (0x00, 0x20), (0x20, 0x7F), (0x7F, 0x100), (0x100, 0x250), (0x2B0, 0x370), (0x370, 0x400), (0x400, 0x530), (0x590, 0x700), (0x900, 0xA00), (0xB80, 0xC80),
    (0xE00, 0xE80), (0xF00, 0x1000), (0x1000, 0x1200), (0x1200, 0x1400), (0x16A0, 0x1700), (0x1780, 0x1800), (0x1C80, 0x1C90), (0x1E00, 0x2000), (0x2000, 0x2070),
    (0x2070, 0x20D0), (0x20D0, 0x2100), (0x2100, 0x2200), (0x2200, 0x2400), (0x2460, 0x2600), (0x2600, 0x27C0), (0x3000, 0x3100), (0x3200, 0x3400), (0x4E00, 0x5200),
    (0xA640, 0xA6A0), (0xA720, 0xA800), (0xAC00, 0xB000), (0xE000, 0xE010), (0xFB00, 0xFE00), (0xFE00, 0xFE10), (0xFF00, 0x10000), (0x10000, 0x10100), (0x10D30, 0x10D50),
    (0x11F40, 0x11F60), (0x1D2C0, 0x1D2E0), (0x1D400, 0x1D800), (0x1E4D0, 0x1E500), (0x1F1E6, 0x1F200), (0x1F300, 0x1F650), (0x1F900, 0x1FA00), (0x20000, 0x20100), (0xE0100, 0xE0110),
]

WORDS = (
    "the of and to a in is it you that he was for on are with as I his they be at one have this from or had by hot but some what there we can out other were all your when "
    "up use word how said an each she which do their time if will way about many then them would write like so these her long make thing see him two has look more day could "
    "go come did my sound no most number who over know water than call first people may down side been now find grandmother's brother-in-law uncle/aunt don't can't it's"
).split()


def scalar(rng):
    lo, hi = rng.choice(RANGES)
    return chr(rng.randrange(lo, hi))


def atom(rng):
    kind = rng.randrange(16)
    if kind < 4:
        return rng.choice(WORDS)
    if kind == 4:
        return rng.choice(" \n\t\r\u00a0\u3000") * rng.randint(1, 9)
    if kind == 5:
        return str(rng.randrange(10 ** rng.randint(1, 12)))
    if kind == 6:
        return "".join(rng.choice("!@#$%^&*()_+-=[]{}|;:'\",.<>/?`~\\") for _ in range(rng.randint(1, 6)))
    if kind == 7:
        return rng.choice(["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'", "’s"])
    if kind == 8:
        return rng.choice(SPECIALS)
    if kind == 9:
        return rng.choice(FIXED)[:40]
    if kind == 10:
        lo, hi = rng.choice(RANGES)
        return "".join(chr(rng.randrange(lo, hi)) for _ in range(rng.randint(1, 12)))
    if kind == 11:
        return unicodedata.normalize(rng.choice(["NFD", "NFC"]), rng.choice(["é", "ñ", "Å", "각", "ữ", "ק", "が"]) * rng.randint(1, 4))
    if kind == 12:
        return "\u200d".join(rng.choice("👨👩👧👦🏳🌈🧑🚀💻") for _ in range(rng.randint(1, 4)))
    if kind == 13:
        return rng.choice(WORDS).upper() + rng.choice(WORDS).capitalize()
    return "".join(scalar(rng) for _ in range(rng.randint(1, 8)))


def lines(count, seed):
    """The fixed lines and random mixtures, `count` in all."""
    rng = random.Random(seed)
    out = list(FIXED)
    while len(out) < count:
        glue = rng.choice(["", " ", " ", "  "])
        out.append(glue.join(atom(rng) for _ in range(rng.randint(1, 12))))
    return out[:count]
