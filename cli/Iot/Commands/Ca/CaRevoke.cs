using System.CommandLine;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class CaRevoke
{
    private static readonly Argument<string> Serial = new("serial") { Description = "Decimal, as 'iot ca list' prints it." };

    public static Command Create() => Verb.Create(
        "revoke", "Revoke one certificate. To shut a whole device out use 'iot devices revoke', a whole tenant 'iot tenants remove'.",
        ["iot ca revoke 310927411839122 --tenant --reason \"key leaked\" --reason-code 1"],
        RunAsync, [Serial, RevocationOptions.Reason, RevocationOptions.Code, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var serial = run.Get(Serial);
        await server.RevokeCertificateAsync(serial, RevocationOptions.Of(run), cancellationToken).ConfigureAwait(false);
        run.Terminal.Result(new { Serial = serial, Status = "revoked" }, console => console.MarkupLineInterpolated($"[green]revoked[/] {serial}"));
        return ExitCode.Ok;
    }, cancellationToken);
}
