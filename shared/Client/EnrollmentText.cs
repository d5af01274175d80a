using System.Diagnostics.CodeAnalysis;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;

namespace IoTPlatform.Client;

/// <summary>
/// All that a device has to be given, in one line, as for a QR code:
/// <c>iotenroll://tenant.example:9543/?fingerprint=…&amp;trust_domain=…&amp;token=…[&amp;device_id=…]</c>. A class, not a record: it carries the one-time token.
/// </summary>
public sealed class EnrollmentText
{
    private const string Scheme = "iotenroll";
    private const int MaxLength = 2048;

    public required Uri TenantUrl { get; init; }

    /// <summary>SHA-256 of the platform's root.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The tenant's SPIFFE trust domain.</summary>
    public required string TrustDomain { get; init; }
    public required string Token { get; init; }

    /// <summary>Null: a fleet token.</summary>
    public string? DeviceId { get; init; }

    public static EnrollmentText Of(CreatedEnrollmentToken token) => new()
    {
        TenantUrl = new Uri(token.TenantUrl),
        Fingerprint = token.RootFingerprint,
        TrustDomain = token.TrustDomain,
        Token = token.Token,
        DeviceId = token.DeviceId,
    };

    public static bool IsOne(string text) => text.StartsWith(Scheme + "://", StringComparison.Ordinal);

    public string Write() =>
        $"{Scheme}://{TenantUrl.Authority}{TenantUrl.AbsolutePath}?fingerprint={Fingerprint}&trust_domain={TrustDomain}&token={Uri.EscapeDataString(Token)}"
        + (DeviceId is null ? "" : $"&device_id={DeviceId}");

    /// <summary>False for anything else, also for one with a part missing, doubled or unknown.</summary>
    public static bool TryRead(string text, [NotNullWhen(true)] out EnrollmentText? read)
    {
        read = null;
        if (text.Length > MaxLength || !IsOne(text) || !Uri.TryCreate("https" + text[Scheme.Length..], UriKind.Absolute, out var url) || url is not { UserInfo.Length: 0, Fragment.Length: 0 })
        {
            return false;
        }

        if (!TryReadParts(url.Query, out var parts) || parts.Keys.Except(["fingerprint", "trust_domain", "token", "device_id"]).Any())
        {
            return false;
        }

        if (!parts.TryGetValue("fingerprint", out var fingerprint) || !parts.TryGetValue("trust_domain", out var domain) || !parts.TryGetValue("token", out var token))
        {
            return false;
        }

        if (!SpiffeId.TryParse($"spiffe://{domain}", out _, out _) || token.Length == 0 || !IsFingerprint(fingerprint))
        {
            return false;
        }

        read = new EnrollmentText
        {
            TenantUrl = new Uri(url.GetLeftPart(UriPartial.Path)),
            Fingerprint = RootTrust.Normalize(fingerprint),
            TrustDomain = domain,
            Token = token,
            DeviceId = parts.GetValueOrDefault("device_id"),
        };
        return true;
    }

    private static bool TryReadParts(string query, out Dictionary<string, string> parts)
    {
        parts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in query.TrimStart('?').Split('&'))
        {
            if (part.Split('=') is not [var name, var value] || !parts.TryAdd(name, Uri.UnescapeDataString(value)))
            {
                return false;
            }
        }
        return true;
    }

    private static bool IsFingerprint(string text)
    {
        try
        {
            RootTrust.Normalize(text);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
