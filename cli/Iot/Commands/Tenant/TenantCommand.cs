using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class TenantCommand
{
    public static Command Create() => Verb.Group(
        "tenant", "Operate a tenant's own stack: asks the tenant, not the provider.", ["iot tenant rotate --data /var/lib/iotplatform/acme"],
        TenantRotate.Create(), TenantUplink.Create(), TenantResend.Create());
}

internal static class TenantRotate
{
    public static Command Create() => Verb.Create(
        "rotate", "Make a new Sub-CA key, have the provider certify it and issue with it from then on. Devices move over as they renew.",
        ["iot tenant rotate", "iot tenant rotate --url https://127.0.0.1:9543 --data /var/lib/iotplatform/acme"],
        RunAsync, ServerOptions.All);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var rotated = await tenant.RotateSubCaAsync(cancellationToken);
        using var certificate = X509Certificate2.CreateFromPem(rotated.SignedCert);
        var serial = SerialNumber.ToDecimal(certificate.SerialNumberBytes.Span);
        run.Terminal.Result(
            new { rotated.TenantId, Serial = serial, NotAfter = certificate.NotAfterUtc().UtcDateTime, rotated.SignedCert, rotated.CaChain },
            console => console.MarkupLineInterpolated($"[green]rotated[/] {rotated.TenantId}: new Sub-CA {SerialText.Both(serial)}, valid until {Print.Time(certificate.NotAfterUtc())}; the old one stays accepted while its certificates live"));
        return ExitCode.Ok;
    }, cancellationToken);
}
