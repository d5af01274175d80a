using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Pki;

namespace IoTPlatform.Provider.Features.Events;

/// <summary>What the members of a tenant's event can be: what a stack of the platform writes, and nothing that surprises who reads it.</summary>
internal static class ForwardedEventRules
{
    private const int LongestText = 256;

    /// <summary>A serial number has at most 20 octets (RFC 5280 4.1.2.2).</summary>
    private const int LongestSerial = 40;

    /// <summary>A clock may be wrong by so much.</summary>
    private static readonly TimeSpan MaxAhead = TimeSpan.FromHours(1);

    /// <summary>Events wait at the tenant while it has no way to the provider; its bridge certificate does not live longer.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(400);

    /// <summary>Null: there is none.</summary>
    public static string? Fault(PlatformEvent happened, DateTimeOffset now) => happened switch
    {
        { Sequence: < 1 } => "sequence is not positive",
        _ when happened.OccurredAt > now + MaxAhead => "occurred_at is in the future: compare the clocks",
        _ when happened.OccurredAt < now - MaxAge => "occurred_at is too long ago",
        _ when !IsText(happened.By) => Text("by"),
        DeviceEvent device => DeviceId.IsValid(device.DeviceId) ? null : "device_id is not the id of a device",
        CertificateEvent { Certificate: null } => "it has no certificate",
        CertificateEvent about => Fault(about.Certificate) ?? FaultBeyond(about),
        _ => throw new InvalidOperationException($"{happened.Type} has no rules."),
    };

    private static string? Fault(CertificateFacts certificate) => certificate switch
    {
        _ when !IsSerial(certificate.Serial) => Serial("certificate.serial"),
        _ when !IsText(certificate.Subject) => Text("certificate.subject"),
        _ when !IsText(certificate.Profile) => Text("certificate.profile"),
        _ when !IsText(certificate.Issuer) => Text("certificate.issuer"),
        _ when certificate.NotAfter < certificate.NotBefore => "certificate.not_after is before not_before",
        _ => null,
    };

    private static string? FaultBeyond(CertificateEvent about) => about switch
    {
        CertificateRenewed renewed when !IsSerial(renewed.RenewedSerial) => Serial("renewed_serial"),
        CertificateRevoked revoked when !RevocationReasons.TryParse(revoked.ReasonCode, out _) => "reason_code is none of RFC 5280 5.3.1",
        _ => null,
    };

    private static bool IsText(string? text) => FreeText.IsValid(text, LongestText);

    private static bool IsSerial(string? serial) => serial is { Length: > 0 and <= LongestSerial } && serial.All(char.IsAsciiHexDigitUpper);

    private static string Text(string member) => $"{member} has not 1 to {LongestText} characters: {FreeText.Refused}";

    private static string Serial(string member) => $"{member} is not a serial number in upper-case hex";
}
