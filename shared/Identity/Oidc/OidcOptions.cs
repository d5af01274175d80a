using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Hosting;

namespace IoTPlatform.Identity.Oidc;

/// <summary>An identity provider whose access tokens are accepted.</summary>
public sealed record OidcOptions
{
    public const string DefaultAudience = "iot-bridge-api";

    /// <summary>Compared with the tokens' "iss" character by character.</summary>
    public required string Issuer { get => Follows?.Invoke() ?? field; init; }

    /// <summary>The issuer of now, where it may move while this host runs; null: it stays.</summary>
    public Func<string?>? Follows { get; init; }

    /// <summary>One issuer for what takes several steps, wherever it moves meanwhile.</summary>
    public OidcOptions Now => this with { Issuer = Issuer, Follows = null };

    /// <summary>The discovery document's address for other programs (OpenID Connect Discovery 1.0 section 4).</summary>
    public Uri DiscoveryUrl => new(Issuer.TrimEnd('/') + "/.well-known/openid-configuration");

    public string Audience { get; init; } = DefaultAudience;

    /// <summary>The issuer as this host reaches it; null: under its own address.</summary>
    public Uri? BackChannel { get; init; }

    /// <summary>Where this host itself reaches the issuer.</summary>
    public Uri Reached => BackChannel switch
    {
        null => new Uri(Issuer),
        { AbsolutePath: "/" } origin => new Uri(origin, new Uri(Issuer).AbsolutePath), // just another address of the same server
        var whole => whole,
    };

    /// <summary>This host itself is the issuer, so it is believed about the operator of the machine.</summary>
    public bool IsThisHost { get; init; }

    /// <summary>PEM file: a root and every intermediate that may certify the identity provider's server; null: the machine's roots.</summary>
    public string? CaFile { get; init; }
}

/// <summary>The names of the settings that choose and describe the identity provider.</summary>
public static class OidcSettings
{
    /// <summary><c>local</c> (default) or <c>keycloak</c>.</summary>
    public const string Identity = "IOT_IDENTITY";

    /// <summary>The issuer, exactly as the tokens name it: for Keycloak <c>https://host/realms/realm</c>.</summary>
    public const string Issuer = "IOT_OIDC_ISSUER";

    /// <summary>Where this host itself reaches the issuer, when not under its public address.</summary>
    public const string BackChannel = "IOT_OIDC_BACKCHANNEL";

    /// <summary>What an access token for this API has among its audiences.</summary>
    public const string Audience = "IOT_OIDC_AUDIENCE";

    /// <summary>PEM file: the only CAs that may have certified the identity provider's server.</summary>
    public const string Ca = "IOT_OIDC_CA";

    public static IReadOnlyList<string> All { get; } = [Identity, Issuer, BackChannel, Audience, Ca];
}

/// <summary>Reads the identity provider's settings the same way for every host.</summary>
public static class OidcOptionsReader
{
    /// <summary>Null: local accounts, or there are errors.</summary>
    public static OidcOptions? Read(SettingsReader settings)
    {
        var errors = settings.Errors.Count;
        var identity = settings.Get(OidcSettings.Identity, "local");
        if (identity != "keycloak")
        {
            if (identity != "local")
            {
                settings.Invalid(OidcSettings.Identity, identity, "it must be local or keycloak");
            }

            return null;
        }

        var issuer = settings[OidcSettings.Issuer] ?? "";
        if (Problem(issuer) is { } issuerProblem)
        {
            settings.Invalid(OidcSettings.Issuer, issuer, $"it must be the realm's https URL (http on loopback only), for example https://keycloak.example/realms/cdm: {issuerProblem}");
        }

        var backChannel = settings[OidcSettings.BackChannel];
        if (backChannel is not null && Problem(backChannel) is { } backChannelProblem)
        {
            settings.Invalid(OidcSettings.BackChannel, backChannel, $"it must be an https URL (http on loopback only) without query and fragment: {backChannelProblem}");
        }

        var audience = settings.Get(OidcSettings.Audience, OidcOptions.DefaultAudience);
        if (audience.Length > 200 || audience.Any(char.IsWhiteSpace))
        {
            settings.Invalid(OidcSettings.Audience, audience, "an audience has at most 200 characters and no spaces");
        }

        var ca = CaFile(settings, OidcSettings.Ca);
        return settings.Errors.Count > errors ? null : new OidcOptions { Issuer = issuer, Audience = audience, BackChannel = backChannel is null ? null : new Uri(backChannel), CaFile = ca };
    }

    /// <summary>A PEM file of CAs; null: not set, or not one.</summary>
    public static string? CaFile(SettingsReader settings, string name)
    {
        if (settings[name] is { } file && CaProblem(file) is { } problem)
        {
            settings.Invalid(name, file, problem);
        }

        return settings[name];
    }

    // With keys fetched over plain http a man in the middle could sign in as any user.
    private static string? Problem(string text) =>
        !ServiceUrl.TryParse(text, [Uri.UriSchemeHttps, Uri.UriSchemeHttp], out var url, out var why) ? why
        : url.Url.Scheme == Uri.UriSchemeHttp && !url.Url.IsLoopback ? "http is not safe across a network"
        : null;

    private static string? CaProblem(string path)
    {
        try
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPemFile(path);
            return certificates.Any(c => c.SubjectName.RawData.AsSpan().SequenceEqual(c.IssuerName.RawData)) ? null : "the file has no root certificate in PEM";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return $"the file cannot be read: {FileProblem.Describe(e) ?? e.Message}";
        }
    }
}
