using IoTPlatform.Contracts.Certificates;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class CertificateTable
{
    public static void Print(Run run, IAnsiConsole console, IReadOnlyCollection<CertificateSummary> certificates) => Iot.Print.Rows(
        console, certificates, "no certificates",
        ("SERIAL", c => SerialText.Column(run, c.Serial)), ("SUBJECT", c => c.Subject), ("PROFILE", c => c.Profile), ("ISSUER", c => c.Issuer),
        ("UNTIL", c => Iot.Print.Time(c.NotAfter)), ("REVOKED", c => Iot.Print.Time(c.RevokedAt)));
}
