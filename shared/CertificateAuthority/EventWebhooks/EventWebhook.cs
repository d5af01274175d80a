using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.EventWebhooks;

/// <summary>A destination that is told events.</summary>
/// <param name="Version">Of this destination, and of no other by its name.</param>
/// <param name="Position">Entry of the audit log up to which it was told.</param>
/// <param name="Attempts">Of the event after it.</param>
internal sealed record EventWebhook(string Name, Uri Url, IReadOnlyList<string> Types, byte[] Secret, long Version, long Position, int Attempts)
{
    private const int LongestName = 64;
    private const int LongestUrl = 1024;

    /// <summary>Throws 422 <c>invalid_webhook</c>.</summary>
    public static void RequireName(string name) =>
        Require(name.Length is > 0 and <= LongestName && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && name is not ("." or ".."), $"Its name has 1 to {LongestName} letters, digits, dots, dashes and underscores.");

    /// <summary>Throws 422 <c>invalid_webhook</c> for what is no https address, or has what is logged along the way: a password in it is none of ours.</summary>
    public static Uri UrlOf(string text)
    {
        Require(
            text.Length <= LongestUrl && Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttps && url.UserInfo.Length == 0 && url.Fragment.Length == 0,
            $"Its url is no https address of at most {LongestUrl} characters without a user.");
        return new Uri(text);
    }

    /// <summary>Scheme, host and port: path and query may be what lets one in.</summary>
    public static string DestinationOf(string url) => new Uri(url).GetLeftPart(UriPartial.Authority);

    /// <summary>Throws 422 <c>invalid_webhook</c> for a type that is not known.</summary>
    public static void RequireTypes(IReadOnlyList<string> types, IReadOnlySet<string> known)
    {
        if (types.FirstOrDefault(type => !known.Contains(type)) is { } unknown)
        {
            throw Refused($"There are no events of type {unknown} here; there are: {string.Join(", ", known.Order(StringComparer.Ordinal))}.");
        }
    }

    public static ProblemException Refused(string why) => new(422, "invalid_webhook", why);

    private static void Require(bool holds, string why)
    {
        if (!holds)
        {
            throw Refused(why);
        }
    }
}

/// <summary>An event that could not be delivered.</summary>
internal sealed record DeadLetter(long Id, Guid EventId, string Body);
