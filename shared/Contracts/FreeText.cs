using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace IoTPlatform.Contracts;

/// <summary>The grammar of text that people type or devices send (names, notes, reasons): one line of characters that Unicode has, whatever the language.</summary>
public static class FreeText
{
    /// <summary>For messages: what <see cref="IsValid"/> refuses.</summary>
    public const string Refused = "no control characters, line breaks, overrides of direction or unassigned characters";

    /// <param name="text">Not empty.</param>
    /// <param name="longest">Characters (code points), as PostgreSQL counts them.</param>
    public static bool IsValid([NotNullWhen(true)] string? text, int longest)
    {
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        var rest = text.AsSpan();
        for (var length = 1; !rest.IsEmpty; length++)
        {
            // Anything but Done is half a surrogate pair, which no encoding carries.
            if (length > longest || Rune.DecodeFromUtf16(rest, out var rune, out var consumed) != OperationStatus.Done || !IsText(rune))
            {
                return false;
            }

            rest = rest[consumed..];
        }

        return true;
    }

    private static bool IsText(Rune rune) => !TurnsText(rune) && Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Surrogate or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    /// <summary>Embeddings, overrides and isolates (Unicode UAX 9 section 2): they make what follows look like something else. Marks of direction don't.</summary>
    private static bool TurnsText(Rune rune) => rune.Value is (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069);
}
