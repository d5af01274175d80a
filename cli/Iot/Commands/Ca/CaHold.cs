using System.CommandLine;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>A hold is a revocation that can end: certificateHold (RFC 5280 5.3.1).</summary>
internal static class CaHold
{
    private static readonly Argument<string> Serial = new("serial") { Description = "Decimal or hex, as 'iot ca list' prints it." };

    public static Command Create() => Verb.Create(
        "hold", "Put one certificate on hold: it is refused like a revoked one, until it is released or revoked.",
        ["iot ca hold 310927411839122 --tenant --reason \"device missing\""],
        (run, cancellationToken) => ApplyAsync(run, "on hold", (server, serial, request) => server.HoldCertificateAsync(serial, request, cancellationToken), cancellationToken),
        [Serial, RevocationOptions.Reason, .. EitherOptions.All]);

    public static Command CreateRelease() => Verb.Create(
        "release", "End the hold of one certificate. What was revoked for any other reason stays revoked.",
        ["iot ca release 310927411839122 --tenant --reason \"device found\""],
        (run, cancellationToken) => ApplyAsync(run, "released", (server, serial, request) => server.ReleaseCertificateAsync(serial, request, cancellationToken), cancellationToken),
        [Serial, RevocationOptions.Reason, .. EitherOptions.All]);

    private static Task<int> ApplyAsync(Run run, string status, Func<PlatformClient, string, HoldRequest, Task> call, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var certificate = (await server.GetCertificateAsync(run.Get(Serial), cancellationToken)).Summary;
        await call(server, certificate.Serial, new HoldRequest { Reason = run.Get(RevocationOptions.Reason) });
        run.Terminal.Result(
            new { certificate.Serial, certificate.SerialHex, certificate.Subject, Status = status },
            console => console.WriteLine($"{status}: {certificate.Subject}, {SerialText.Both(certificate.Serial)}"));
        return ExitCode.Ok;
    }, cancellationToken);
}
