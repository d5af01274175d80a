using System.CommandLine;

namespace IoTPlatform.Iot;

internal static class TenantsReplaceKey
{
    public static Command Create() => Verb.Create(
        "replace-key", "Revoke a tenant's JOIN key and make a new one.", ["iot tenants replace-key acme --env-file acme.env"],
        RunAsync, [TenantArguments.Id, KeyOutput.EnvFile, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, trust) =>
    {
        var prepared = await provider.ReplaceJoinKeyAsync(run.Get(TenantArguments.Id), cancellationToken).ConfigureAwait(false);
        KeyOutput.Write(run, prepared, provider.BaseUrl, trust);
        return ExitCode.Ok;
    }, cancellationToken);
}
