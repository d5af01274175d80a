using System.Globalization;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>step's and sprig's functions of times. All are UTC.</summary>
internal static class TimeFunctions
{
    private const string Rfc3339 = "yyyy-MM-ddTHH:mm:ssZ";

    public static IEnumerable<TemplateFunction> All { get; } =
    [
        new("now", 0, 0, call => call.Now),
        new("toTime", 0, 1, call => Time(call)),
        new("formatTime", 1, 1, call => Time(call).ToString(Rfc3339, CultureInfo.InvariantCulture)),
        new("parseTime", 0, 1, call => TryParse(call) ?? default(DateTimeOffset)),
        new("mustParseTime", 0, 1, call => TryParse(call) ?? throw new TemplateCallException("mustParseTime: the text is no time as RFC 3339 writes it")),
        new("unixEpoch", 1, 1, call => call[0] is DateTimeOffset time ? time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture) : throw new TemplateCallException("unixEpoch: it is no time")),
    ];

    private static DateTimeOffset Time(TemplateCall call) => (call.Count > 0 ? call[0] : null) switch
    {
        DateTimeOffset time => time,
        long or double => DateTimeOffset.FromUnixTimeSeconds(call.Integer(0)),
        _ => call.Now,
    };

    private static DateTimeOffset? TryParse(TemplateCall call) => call.Count == 0 ? call.Now
        : DateTimeOffset.TryParseExact(
            call.Text(0), ["yyyy-MM-ddTHH:mm:ssZ", "yyyy-MM-ddTHH:mm:sszzz", "yyyy-MM-ddTHH:mm:ss.FFFFFFFZ", "yyyy-MM-ddTHH:mm:ss.FFFFFFFzzz"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time
        : null;
}
