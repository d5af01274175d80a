using System.CommandLine;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class DevicesRevokeToken
{
    private static readonly Argument<Guid> Id = new("token-id") { Description = "From 'iot devices tokens'." };

    public static Command Create() => Verb.Create(
        "revoke-token", "Revoke an enrolment token; devices that used it are not touched.", ["iot devices revoke-token 0199f1c2-7d5a-7c11-9a53-2f3f6d1f0a11"],
        RunAsync, [Id, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var id = run.Get(Id);
        await tenant.RevokeTokenAsync(id, cancellationToken).ConfigureAwait(false);
        run.Terminal.Result(new { Id = id, Status = "revoked" }, console => console.MarkupLineInterpolated($"[green]revoked[/] token {id}"));
        return ExitCode.Ok;
    }, cancellationToken);
}
