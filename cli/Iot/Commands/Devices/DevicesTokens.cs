using System.CommandLine;
using System.Globalization;

namespace IoTPlatform.Iot;

internal static class DevicesTokens
{
    public static Command Create() => Verb.Create(
        "tokens", "List the enrolment tokens; the tokens themselves are stored nowhere.", ["iot devices tokens"],
        RunAsync, ServerOptions.All);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var tokens = await Pages.CollectAsync(cursor => tenant.ListTokensAsync(cursor, cancellationToken: cancellationToken)).ConfigureAwait(false);
        run.Terminal.Result(tokens, console => Print.Rows(
            console, tokens, "no enrolment tokens; make one: iot devices token DEVICE-ID",
            ("ID", t => t.Id.ToString()), ("DEVICE", t => t.DeviceId ?? "any"), ("USED", t => string.Create(CultureInfo.InvariantCulture, $"{t.Used}/{t.Uses}")),
            ("EXPIRES", t => Print.Time(t.ExpiresAt)), ("REVOKED", t => Print.Time(t.RevokedAt)), ("NOTE", t => t.Note)));
        return ExitCode.Ok;
    }, cancellationToken);
}
