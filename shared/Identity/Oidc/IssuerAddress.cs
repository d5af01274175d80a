namespace IoTPlatform.Identity.Oidc;

/// <summary>Where this host reaches the issuer of now: its public address, or the back channel in its place. Nothing the issuer says leads anywhere else.</summary>
internal sealed class IssuerAddress
{
    private readonly string _issuer;
    private readonly Uri _reached;

    public IssuerAddress(OidcOptions options)
    {
        _issuer = options.Issuer.TrimEnd('/');
        _reached = options.Reached;
    }

    /// <summary>OpenID Connect Discovery 1.0 section 4.</summary>
    public Uri Discovery => Below("/.well-known/openid-configuration");

    /// <summary>An address as the discovery document gives it, as we reach it. Throws <see cref="OidcException"/> for another server's.</summary>
    public Uri Resolve(string advertised)
    {
        if (advertised.StartsWith(_issuer + "/", StringComparison.Ordinal))
        {
            return SameOrigin(Below(advertised[_issuer.Length..]));
        }

        return Uri.TryCreate(advertised, UriKind.Absolute, out var url) ? SameOrigin(url) : throw new OidcException("The discovery document has an address that is no URL.");
    }

    /// <summary>An address for a browser, which knows no back channel. Throws <see cref="OidcException"/> for another server's than the issuer's.</summary>
    public Uri Public(string advertised) =>
        Uri.TryCreate(advertised, UriKind.Absolute, out var url) && url.GetLeftPart(UriPartial.Authority) == new Uri(_issuer).GetLeftPart(UriPartial.Authority)
            && url.UserInfo.Length == 0 && url.Fragment.Length == 0
            ? url
            : throw new OidcMisconfiguredException("The discovery document sends browsers to another server than the issuer's.");

    private Uri Below(string path) => new(_reached.AbsoluteUri.TrimEnd('/') + path);

    private Uri SameOrigin(Uri url) =>
        url.GetLeftPart(UriPartial.Authority) == _reached.GetLeftPart(UriPartial.Authority) && url.UserInfo.Length == 0
            ? url
            : throw new OidcMisconfiguredException($"The discovery document leads to another server ({url.Host}) than the issuer's or its back channel's.");
}
