namespace IoTPlatform.Identity.Portal;

/// <summary>Where a login leads afterwards: a page of the portal, never another site.</summary>
internal static class ReturnPath
{
    public const string Home = "/portal";
    private const int MaxLength = 512;

    /// <summary>The path that was asked for where it is one of the portal's, else <see cref="Home"/>.</summary>
    public static string Of(string? wanted) =>
        wanted is { Length: <= MaxLength } && (wanted == Home || wanted.StartsWith(Home + "/", StringComparison.Ordinal) || wanted.StartsWith(Home + "?", StringComparison.Ordinal))
            && !wanted.Contains("//", StringComparison.Ordinal) && wanted.All(IsPlain)
            ? wanted
            : Home;

    // No backslash, which browsers read as a slash; no control characters, which they drop.
    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.' or '~' or '?' or '=' or '&' or '%' or '+';
}
