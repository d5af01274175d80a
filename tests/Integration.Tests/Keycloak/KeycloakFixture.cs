using IoTPlatform.Client;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Keycloak;

/// <summary>A provider process on a real Keycloak, in a realm of its own that has been set up once.</summary>
public sealed class KeycloakFixture : IAsyncLifetime
{
    private static int Last;

    public string Realm { get; } = $"cdm{Interlocked.Increment(ref Last)}";
    public KeycloakServer Keycloak { get; private set; } = null!;
    public ProviderStack Provider { get; private set; } = null!;
    public ProviderClient Admin { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Keycloak = await KeycloakServer.SharedAsync();
        Provider = await ProviderStack.StartAsync(Settings(Keycloak, Realm));
        Admin = await Provider.AdminAsync();
        await InitAsync();
    }

    public async Task DisposeAsync()
    {
        Admin?.Dispose();
        if (Provider is not null)
        {
            await Provider.DisposeAsync();
        }
    }

    public static Dictionary<string, string?> Settings(KeycloakServer keycloak, string realm) => new()
    {
        ["IOT_IDENTITY"] = "keycloak",
        ["IOT_OIDC_ISSUER"] = keycloak.Issuer(realm),
    };

    public async Task<InitializedIdentity> InitAsync()
    {
        // A new realm takes a server that has just started a while.
        using var patient = await Provider.AdminAsync(TimeSpan.FromMinutes(3));
        return await patient.InitIdentityAsync(new InitIdentityRequest { Username = KeycloakServer.Admin, Password = Keycloak.AdminPassword });
    }
}
