using IoTPlatform.Client;
using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Stacks;
using Microsoft.Playwright;

namespace IoTPlatform.Integration.Tests.Portal;

/// <summary>A tenant that has joined a provider, both as real processes, and a real browser; for all tests of the tenant's portal.</summary>
public sealed class TenantBrowser : IAsyncLifetime
{
    private Chromium? _browser;
    private ProviderStack? _provider;

    public TenantStack Tenant { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Chromium.Require();
        _provider = await ProviderStack.StartAsync();
        Tenant = await TenantStack.LaunchAsync(_provider, "acme", (await _provider.PrepareAsync("acme")).JoinKey, new Dictionary<string, string?> { ["IOT_PHONE_ENROLMENT"] = "allow" });
        await Tenant.ReadyAsync();
        _browser = await Chromium.LaunchAsync();
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        if (Tenant is not null)
        {
            await Tenant.DisposeAsync();
        }

        if (_provider is not null)
        {
            await _provider.DisposeAsync();
        }
    }

    public Task<IBrowserContext> OpenAsync(ColorScheme colors = ColorScheme.Light, int width = 1280, int height = 860, bool javaScript = true) => _browser!.OpenAsync(colors, width, height, javaScript);

    public Uri At(string path) => new(Tenant.Url, path);

    /// <summary>Signed in, at that page.</summary>
    public Task<IPage> SignInAsync(IBrowserContext context, string path = "portal/ui", string user = "admin", string password = TenantStack.AdminPassword) =>
        Chromium.SignInAsync(context, Tenant.Url, path, user, password);

    public Task<TenantClient> AdminAsync() => Tenant.AdminAsync();

    /// <summary>Straight into the database: devices that look as if they had enrolled.</summary>
    public Task AddDeviceAsync(string id, string? name = null, string? type = null) => Tenant.Database.ExecuteAsync(
        "INSERT INTO tenant.devices (device_id, device_name, device_type, status, enrolled_at, enrolled_by, not_after) VALUES ($1, $2, $3, 'enrolled', now(), 'token:test', now() + interval '1 day') ON CONFLICT DO NOTHING",
        id, (object?)name ?? DBNull.Value, (object?)type ?? DBNull.Value);

    /// <summary>An account with that role, whose person has chosen a password.</summary>
    public async Task<string> AddAccountAsync(string role)
    {
        var name = $"{role}-{Guid.NewGuid():N}"[..20];
        using var admin = await AdminAsync();
        var invitation = await admin.AddAccountAsync(new AddAccountRequest { Username = name, Roles = [role] });
        await using var context = await OpenAsync();
        await PortalBrowser.ChooseAPasswordAsync(context, invitation.Url);
        return name;
    }
}

[CollectionDefinition(Name)]
public sealed class TenantPortalTests : ICollectionFixture<TenantBrowser>
{
    public const string Name = "the tenant's portal";
}
