using System.Globalization;
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

    /// <summary>A port beside the first one of HTTPS, as 80 is beside 443.</summary>
    public const string Beside = "beside";

    private const string None = "none";
    private const int Distance = 443 - 80;

    private static readonly ListenScheme Addresses = new(ListenSetting, Uri.UriSchemeHttp, 9080);

    public static IReadOnlyList<string> Settings { get; } = [ListenSetting, UrlSetting];

    /// <param name="settings">The host's.</param>
    /// <param name="https">Where the host listens.</param>
    /// <param name="publicUrl">Its host name is the default.</param>
    /// <returns>Null without <see cref="ListenSetting"/>: then certificates name no such address, for nobody would answer there.</returns>
    public static ValidationOptions? Read(SettingsReader settings, IReadOnlyList<string> https, Uri publicUrl)
    {
        var url = settings.Url(UrlSetting, Uri.UriSchemeHttp);
        var text = settings[ListenSetting];
        if (text == Beside)
        {
            text = https is [var first, ..] ? BesideOf(first) : null;
        }

        if (text is null or None)
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

    /// <summary>Null where the port is any free one: nobody could know the address.</summary>
    private static string? BesideOf(string https)
    {
        var port = ListenAddress.Parse(https).Port;
        var host = https[(https.IndexOf(Uri.SchemeDelimiter, StringComparison.Ordinal) + Uri.SchemeDelimiter.Length)..https.LastIndexOf(':')];
        return port == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"http://{host}:{(port > Distance ? port - Distance : port + Distance)}");
    }
}
