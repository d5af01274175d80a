using IoTPlatform.Client.Tests.Doubles;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Identity;

namespace IoTPlatform.Client.Tests;

/// <summary>A tenant is hostile: it may name the provider's issuer as its own, and wait for what is meant for there.</summary>
public sealed class TokenClientTests : IAsyncLifetime
{
    private const string Realm = "realms/cdm";
    private FaultyServer _tenant = null!;
    private FaultyServer _provider = null!;

    public async Task InitializeAsync()
    {
        _tenant = await FaultyServer.StartAsync(authority: new TestAuthority(tenant: "evilb"));
        _provider = await FaultyServer.StartAsync(a => a.Server(spiffeId: "spiffe://iot.example/service/iot-bridge-api", issuer: a.Intermediate), _tenant.Authority);
        Names(_provider, _provider.Url);
    }

    public async Task DisposeAsync()
    {
        await _provider.DisposeAsync();
        await _tenant.DisposeAsync();
    }

    [Fact]
    public async Task Discover_TenantNamesTheProvidersIssuer_IsRefused()
    {
        Names(_tenant, _provider.Url);
        using var tokens = Tenant();

        (await Should.ThrowAsync<UnreachableException>(() => tokens.DiscoverAsync())).Reason.ShouldBe(UnreachableReason.Untrusted);
    }

    [Fact]
    public async Task Assertion_TenantNamesTheProvidersIssuer_IsNotSigned()
    {
        Names(_tenant, _provider.Url);
        using var tokens = Tenant();
        var signedFor = new List<string>();

        await Should.ThrowAsync<UnreachableException>(() => tokens.ByAssertionAsync("service-account-backup", issuer =>
        {
            signedFor.Add(issuer);
            return "assertion";
        }));

        signedFor.ShouldBeEmpty();
        _tenant.Seen.ShouldNotContain(request => request.Path.EndsWith("/token", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Device_TenantNamesTheProvidersPage_IsRefused()
    {
        Shows(_tenant, _provider.Url);
        using var tokens = Tenant();

        (await Should.ThrowAsync<UnreachableException>(() => tokens.AuthorizeDeviceAsync())).Reason.ShouldBe(UnreachableReason.Untrusted);
    }

    [Theory]
    [InlineData("http://localhost/realms/cdm")]
    [InlineData("realms/cdm")]
    [InlineData("")]
    public async Task Discover_TenantNamesNoAddress_IsRefused(string issuer)
    {
        _tenant.Answer = (context, _) => context.JsonAsync(new IssuerDocument { Issuer = issuer }, ContractsJson.Default.IssuerDocument);
        using var tokens = Tenant();

        (await Should.ThrowAsync<UnreachableException>(() => tokens.DiscoverAsync())).Reason.ShouldBe(UnreachableReason.NotThisApi);
    }

    /// <summary>A person on the machine itself calls the tenant by another address than browsers do.</summary>
    [Fact]
    public async Task Discover_TenantNamesAnotherAddressOfItsOwn_IsTaken()
    {
        var other = new UriBuilder(_tenant.Url) { Host = "127.0.0.1" }.Uri;
        Names(_tenant, other);
        using var tokens = Tenant();

        (await tokens.DiscoverAsync()).Issuer.ShouldBe(new Uri(other, Realm).AbsoluteUri);
    }

    [Fact]
    public async Task Device_PageOfTheTenantItself_IsTaken()
    {
        Shows(_tenant, _tenant.Url);
        using var tokens = Tenant();

        (await tokens.AuthorizeDeviceAsync()).UserCode.ShouldBe("1111-2222");
    }

    private TokenClient Tenant() => TokenClient.Create(_tenant.Url, _tenant.Trust.Tenant("evilb.iot.example"));

    private static void Names(FaultyServer server, Uri url) => server.Answer = (context, _) => context.JsonAsync(
        new IssuerDocument { Issuer = new Uri(url, Realm).AbsoluteUri, AuthorizationEndpoint = new Uri(url, Realm + "/protocol/openid-connect/auth").AbsoluteUri }, ContractsJson.Default.IssuerDocument);

    private static void Shows(FaultyServer server, Uri url) => server.Answer = (context, _) => context.JsonAsync(
        new DeviceAuthorization { DeviceCode = "device", UserCode = "1111-2222", VerificationUri = new Uri(url, Realm + "/device").AbsoluteUri, ExpiresIn = 600 }, ContractsJson.Default.DeviceAuthorization);
}
