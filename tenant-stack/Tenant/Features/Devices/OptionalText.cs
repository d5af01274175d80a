using IoTPlatform.Contracts;
using IoTPlatform.Hosting;

namespace IoTPlatform.Tenant.Features.Devices;

/// <summary>Free text that may be left out.</summary>
internal static class OptionalText
{
    /// <summary>Null for null or blank; trimmed. Throws 400 <c>invalid_text</c>.</summary>
    public static string? Check(string? text, string field, int longest)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        var trimmed = text.Trim();
        return FreeText.IsValid(trimmed, longest) ? trimmed : throw new ProblemException(400, "invalid_text", $"{field} has at most {longest} characters, and {FreeText.Refused}.");
    }
}
