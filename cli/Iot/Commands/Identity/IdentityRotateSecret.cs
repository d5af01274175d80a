using System.CommandLine;

namespace IoTPlatform.Iot;

internal static class IdentityRotateSecret
{
    public static Command Create() => Verb.Create(
        "rotate-secret", "Replace the client secret of a tenant's realm; staff cannot sign in there until the tenant has the new one.",
        ["iot identity rotate-secret acme"],
        RunAsync, [TenantArguments.Id, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        FederationOutput.Write(run, await provider.RotateFederationSecretAsync(run.Get(TenantArguments.Id), cancellationToken).ConfigureAwait(false));
        return ExitCode.Ok;
    }, cancellationToken);
}
