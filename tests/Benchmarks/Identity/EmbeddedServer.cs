using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Benchmarks.Join;
using IoTPlatform.Benchmarks.Servers;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Benchmarks.Identity;

/// <summary>The provider stack with its own issuer: everything else that the stack does runs beside it.</summary>
internal sealed class EmbeddedServer : IdentityProviderServer
{
    private readonly TempFolder _folder = new();
    private readonly Dictionary<string, string?> _settings = new(StringComparer.Ordinal)
    {
        [ProviderServer.AdminPasswordSetting] = RandomNumberGenerator.GetHexString(32),
        [ProviderServer.ProvisionerPasswordSetting] = RandomNumberGenerator.GetHexString(32),
    };

    private ProviderServer _server = null!;

    public override string Name => "IoTPlatform";

    public override Uri Issuer => new(_server.Url, "realms/cdm");

    public override int ProcessId => _server.ProcessId;

    public override string Form => "sign-in";

    public override string Username => "admin";

    public override string Password => _settings[ProviderServer.AdminPasswordSetting]!;

    protected override X509Certificate2Collection? Roots => _server.Roots;

    public static async Task<EmbeddedServer> StartAsync(CancellationToken cancellationToken)
    {
        var embedded = new EmbeddedServer();
        embedded._server = await ProviderServer.StartAsync(embedded._folder, embedded._settings, cancellationToken);
        return embedded;
    }

    public override async Task RegisterAsync(int clients, int programs, CancellationToken cancellationToken)
    {
        using var http = _server.Connect();
        var admin = new ProviderClient(http);
        await admin.WithKeyOfAsync(_server.DataFolder, _server.Trust.Provider());
        var tenants = new List<CodeClient>();
        for (var i = 0; i < clients; i++)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"bench-{i}");
            var portal = $"https://{id}.example/";
            var prepared = await admin.PrepareTenantAsync(new PrepareTenantRequest { TenantId = id, DisplayName = id }, cancellationToken);
            using var tenant = new JoiningTenant(id, prepared.JoinKey);
            tenant.MakeRequest();
            var bundle = await admin.JoinAsync(prepared.JoinKey, tenant.Request with { PortalUrl = portal }, cancellationToken);
            tenants.Add(new CodeClient(bundle.CdmIdpClientId!, bundle.CdmIdpClientSecret!, new Uri(portal + "portal/oidc/callback")));
        }

        var accounts = new List<ProgramClient>();
        for (var i = 0; i < programs; i++)
        {
            var added = await admin.AddServiceAccountAsync(new AddServiceAccountRequest { Name = string.Create(CultureInfo.InvariantCulture, $"bench-{i}"), Roles = ["cdm-viewer"] }, cancellationToken);
            accounts.Add(new ProgramClient(added.ClientId, added.ClientSecret!, added.Scope));
        }

        (Clients, Programs) = (tenants, accounts);
    }

    public override async Task RestartAsync(CancellationToken cancellationToken)
    {
        await _server.StopAsync();
        _server = await ProviderServer.StartAsync(_folder, _settings, cancellationToken);
    }

    public override ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
