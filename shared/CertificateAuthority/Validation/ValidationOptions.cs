using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Validation;

/// <summary>Where revocation lists and OCSP are served without TLS (what is served is signed), and the address of it that goes into certificates.</summary>
/// <param name="Listen">Where.</param>
/// <param name="Address">Under which name relying parties reach it.</param>
public sealed record ValidationOptions(ListenAddress Listen, ValidationAddress Address)
{
    public const string ListenSetting = "IOT_VALIDATION_LISTEN";
    public const string UrlSetting = "IOT_VALIDATION_URL";

    private static readonly ListenScheme Addresses = new(ListenSetting, Uri.UriSchemeHttp, 9080);

    public static IReadOnlyList<string> Settings { get; } = [ListenSetting, UrlSetting];

    /// <param name="settings">The host's.</param>
    /// <param name="publicUrl">Its host name is the default.</param>
    /// <returns>Null without <see cref="ListenSetting"/>: then certificates name no such address, for nobody would answer there.</returns>
    public static ValidationOptions? Read(SettingsReader settings, Uri publicUrl)
    {
        var url = settings.Url(UrlSetting, Uri.UriSchemeHttp);
        if (settings[ListenSetting] is not { } text)
        {
            if (url is not null)
            {
                settings.Invalid(UrlSetting, url.ToString(), $"it goes with {ListenSetting}, which says where this is served");
            }

            return null;
        }

        if (ListenAddress.Read(settings, Addresses, text) is not { } listen)
        {
            return null;
        }

        url ??= new UriBuilder(Uri.UriSchemeHttp, publicUrl.Host, listen.Port).Uri;
        if (url.Query.Length > 0 || url.Fragment.Length > 0)
        {
            settings.Invalid(UrlSetting, url.ToString(), "it must have no query");
        }

        return new ValidationOptions(listen, new ValidationAddress(url.AbsoluteUri.EndsWith('/') ? url : new Uri(url.AbsoluteUri + "/")));
    }
}
