using System.Collections.Concurrent;
using System.Globalization;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.LocalServices;

namespace IoTPlatform.Iot;

/// <summary>The demo's three processes: starts them, joins the tenants, and ends whatever it started.</summary>
internal sealed class DemoStacks(DemoFolder folder, DemoServices services, DemoProgress progress, TimeProvider time, bool keep) : IAsyncDisposable
{
    private static readonly (string Id, string Name)[] Tenants = [("acme", "Acme Water"), ("globex", "Globex Energy")];
    // A Keycloak that has just started takes its time over the first realm.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly ConcurrentBag<DemoHost> _hosts = [];
    private readonly int[] _ports = FreePort.Next(2 * (1 + Tenants.Length));

    public IReadOnlyList<DemoHost> Hosts => [.. _hosts.OrderBy(host => host.Ready.Url.Port == _ports[0] ? 0 : 1).ThenBy(host => host.Name, StringComparer.Ordinal)];

    public async Task<(DemoHost Host, RootTrust Trust)> StartProviderAsync(CancellationToken cancellationToken)
    {
        var host = Start("provider", BuildOutput.Provider, _ports[0], services.ProviderSettings);
        var ready = await host.WaitUntilReadyAsync(time, _ => { }, cancellationToken);
        return (host, await RootTrust.FetchAsync(ready.Url, ready.Fingerprint, cancellationToken: cancellationToken));
    }

    /// <summary>By the operator's key in its data folder.</summary>
    public ProviderClient ToProvider(DemoHost provider, RootTrust trust)
    {
        var admin = ProviderClient.Create(provider.Ready.Url, trust.Provider(), timeout: Patience);
        admin.UseTokens(OperatorLogin.Of(LocalStack.In(provider.Data), provider.Ready.Url, trust.Provider(), time).GetAsync);
        return admin;
    }

    private TenantClient ToTenant(DemoHost host, RootTrust trust)
    {
        var server = trust.Tenant(TrustDomain(host));
        var admin = TenantClient.Create(host.Ready.Url, server);
        admin.UseTokens(OperatorLogin.Of(LocalStack.In(host.Data), host.Ready.Url, server, time).GetAsync);
        return admin;
    }

    /// <summary>Prepares every tenant over the public API; each JOIN key goes into its own env file.</summary>
    public async Task<IReadOnlyList<(string Id, string EnvFile)>> PrepareAsync(ProviderClient admin, RootTrust trust, CancellationToken cancellationToken)
    {
        var prepared = new List<(string, string)>();
        foreach (var (id, name) in Tenants)
        {
            var tenant = await admin.PrepareTenantAsync(new PrepareTenantRequest { TenantId = id, DisplayName = name }, cancellationToken);
            var file = Path.Combine(folder.Create("env"), $"{id}.env");
            TenantEnvFile.Write(file, admin.BaseUrl, trust.Fingerprint, id, tenant.JoinKey, ("IOT_PROVIDER_COMMANDS", "allow"));
            prepared.Add((id, file));
        }
        return prepared;
    }

    public async Task<IReadOnlyList<DemoTenant>> BootAsync(IReadOnlyList<(string Id, string EnvFile)> prepared, RootTrust trust, CancellationToken cancellationToken) =>
        await Task.WhenAll(prepared.Select((tenant, index) => BootAsync(tenant.Id, tenant.EnvFile, _ports[1 + index], trust, cancellationToken)));

    /// <summary>Ends all, the clean way; answers those that did not end with exit code 0.</summary>
    public async Task<IReadOnlyList<string>> StopAsync()
    {
        var codes = await Task.WhenAll(_hosts.Select(async host => (host.Name, Code: await host.StopAsync())));
        return [.. codes.Where(host => host.Code != 0).Select(host => string.Create(CultureInfo.InvariantCulture, $"{host.Name} ended with exit code {host.Code}"))];
    }

    public async Task<IReadOnlyList<DemoStack>> WithLinksAsync(IReadOnlyList<DemoStack> stacks, RootTrust trust, CancellationToken cancellationToken)
    {
        var linked = new List<DemoStack>();
        foreach (var (stack, host) in stacks.Zip(Hosts))
        {
            using PlatformClient client = stack.Kind == "provider" ? ToProvider(host, trust) : ToTenant(host, trust);
            linked.Add(stack with { SignInLink = (await client.SignInLinkAsync(InitialAdmin.Username, cancellationToken)).Url });
        }

        return linked;
    }

    public void Keep()
    {
        // Tenants end before the provider, and the provider before the servers that it uses.
        folder.RememberKept([.. services.Keep(), .. Hosts.Select(host => host.Mark)]);
        foreach (var host in _hosts)
        {
            host.Keep();
        }
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(_hosts.Select(host => host.DisposeAsync().AsTask()));

    public static string AdminPasswordFile(DemoHost host) => Path.Combine(host.Data, InitialAdmin.PasswordFile);

    public static string TrustDomain(DemoHost host) => LocalStack.In(host.Data).TrustDomain ?? throw CliException.Failed("demo_failed", $"{host.Name} has no Sub-CA");

    private async Task<DemoTenant> BootAsync(string id, string envFile, int port, RootTrust trust, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var host = Start(id, BuildOutput.Tenant, port, new Dictionary<string, string?>(services.TenantSettings(id), StringComparer.Ordinal) { ["IOT_ENV_FILE"] = envFile });
        await host.WaitUntilReadyAsync(time, step => Note(id, step, started), cancellationToken);
        return new DemoTenant(id, host, ToTenant(host, trust), trust);
    }

    private DemoHost Start(string name, string assembly, int port, IReadOnlyDictionary<string, string?> settings)
    {
        // The second half is for revocation lists and OCSP.
        var host = DemoHost.Start(folder, name, assembly, port, _ports[Array.IndexOf(_ports, port) + (_ports.Length / 2)], settings, keep);
        _hosts.Add(host);
        return host;
    }

    private void Note(string tenant, FirstBootLine line, long started)
    {
        if (line.State != FirstBootState.Started)
        {
            progress.Note(string.Create(CultureInfo.InvariantCulture, $"{tenant,-8} {line.Step,-24} {(line.State == FirstBootState.Done ? "done" : "waiting: " + line.Reason)} at {time.GetElapsedTime(started).TotalSeconds:0.00} s"));
        }
    }
}
