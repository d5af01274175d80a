using System.Text.RegularExpressions;

namespace IoTPlatform.Identity;

/// <summary>What an account may be called: lower case, so that no two names look alike to people and differ to us.</summary>
internal static partial class AccountName
{
    public static bool IsValid(string name) => name.Length <= 64 && Pattern().IsMatch(name);

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._@-]{0,63}\z", RegexOptions.CultureInvariant, Timeout.Infinite)]
    private static partial Regex Pattern();
}
