using System.Globalization;
using IoTPlatform.Hosting;

namespace IoTPlatform.Tenant.Features.Devices;

/// <summary>Text that people typed or devices sent, and that ends up on terminals and in files.</summary>
internal static class FreeText
{
    /// <summary>Null for null or blank. Refuses control, format and private-use characters, and over-long text.</summary>
    public static string? Check(string? text, string field, int maxLength)
    {
        if (string.IsNullOrWhiteSpace(text))
            return null;
        var trimmed = text.Trim();
        return trimmed.Length <= maxLength && trimmed.All(IsPlain)
            ? trimmed
            : throw new ProblemException(400, "invalid_text", $"{field} has at most {maxLength} characters, and no control characters.");
    }

    private static bool IsPlain(char c) => char.GetUnicodeCategory(c) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
