using System.Globalization;

namespace IoTPlatform.Identity;

/// <summary>
/// What people may choose as a password, after NIST SP 800-63B-4 section 3.1.1: long enough for being the only factor, nothing that is tried first, and no
/// rules of composition. Characters are code points.
/// </summary>
internal static class PasswordRules
{
    public const int MinLength = 15;
    private const int LongestPeriod = 4;

    // Names of the service, walks over the keyboard, and what leaked lists have most among the long ones.
    private static readonly string[] TriedFirst =
    [
        "password", "passwort", "qwerty", "qwertz", "azerty", "asdfgh", "zxcvbn", "yxcvbn", "1q2w3e", "iotplatform", "iot-platform", "provider", "tenant", "keycloak", "letmein",
        "welcome", "iloveyou", "administrator", "admin", "changeme", "abc123", "correct horse battery staple", "correcthorsebatterystaple",
    ];

    /// <summary>What to tell the person; null: it is good.</summary>
    public static string? Problem(string password, string username)
    {
        var length = new StringInfo(password).LengthInTextElements;
        if (length < MinLength || password.Length > PasswordHashing.MaxLength)
        {
            return $"A password has {MinLength} to {PasswordHashing.MaxLength} characters. Several words are easier to keep in mind than signs.";
        }

        var rest = Without(password.ToLowerInvariant(), username);
        return rest.Length < MinLength / 2 || IsRepetition(password) || IsSequence(rest)
            ? "This password is one of those that are tried first. Take several words that have nothing to do with each other, with you or with this server."
            : null;
    }

    // What is left when the words are taken out that an attacker begins with.
    private static string Without(string password, string username)
    {
        foreach (var word in TriedFirst.Append(username).Where(word => word.Length > 2))
        {
            password = password.Replace(word, "", StringComparison.Ordinal);
        }

        return password;
    }

    private static bool IsRepetition(string text) =>
        Enumerable.Range(1, LongestPeriod).Any(period => Enumerable.Range(period, text.Length - period).All(i => char.ToLowerInvariant(text[i]) == char.ToLowerInvariant(text[i - period])));

    // 1234…, abcd…, and the same backwards: nearly every step is the same.
    private static bool IsSequence(string text)
    {
        var steps = text.Zip(text.Skip(1), (a, b) => b - a).ToList();
        return steps.Count > 0 && steps.Count(step => step is 1 or -1 or 0) > steps.Count * 3 / 4;
    }
}
