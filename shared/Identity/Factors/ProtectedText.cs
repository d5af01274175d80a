using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;

namespace IoTPlatform.Identity.Factors;

/// <summary>Text that only this server can read: in a form's field for a while, or in the database. For one purpose, and by this host's own clock.</summary>
internal sealed class ProtectedText(IDataProtectionProvider protection, TimeProvider time)
{
    public string Protect(string text, TimeSpan lifetime, params IEnumerable<string> purpose) =>
        Protector(purpose).Protect($"{(time.GetUtcNow() + lifetime).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)} {text}");

    /// <summary>For the database: it has no end.</summary>
    public string Protect(string text, params IEnumerable<string> purpose) => Protector(purpose).Protect($"{long.MaxValue.ToString(CultureInfo.InvariantCulture)} {text}");

    /// <summary>Null: it is not ours, is for something else, or its time is over.</summary>
    public string? Read(string protectedText, params IEnumerable<string> purpose)
    {
        try
        {
            var text = Protector(purpose).Unprotect(protectedText);
            var end = text.IndexOf(' ', StringComparison.Ordinal);
            return long.Parse(text.AsSpan(0, end), CultureInfo.InvariantCulture) > time.GetUtcNow().ToUnixTimeSeconds() ? text[(end + 1)..] : null;
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            return null;
        }
    }

    private IDataProtector Protector(IEnumerable<string> purpose) => protection.CreateProtector(["accounts.factors", .. purpose]);
}
