using System.Net;
using System.Text.Json.Nodes;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Keycloak;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Federation;

/// <summary>
/// The provider's realm as an identity provider of the tenant's, made so and kept so by the keeper's account. What an
/// administrator changed by hand is put back; the secret, which cannot be read, is written every time.
/// </summary>
internal sealed class ProviderIdentity(KeycloakHttp http, KeycloakRealm realm, SecretStore<TenantDbContext> secrets)
{
    private const string Instances = "identity-provider/instances";
    private const string Instance = $"{Instances}/{TenantKeycloak.ProviderAlias}";

    /// <returns>What was changed, for people. Null: Keycloak refuses the keeper.</returns>
    public async Task<IReadOnlyList<string>?> ReconcileAsync(ProviderAccess provider, CancellationToken cancellationToken)
    {
        if (await KeycloakAdmin.SignInAsAsync(http, realm, TenantKeycloak.Keeper, await secrets.EnsureAsync(TenantKeycloak.Keeper, cancellationToken), cancellationToken) is not { } keeper)
        {
            return null;
        }

        var metadata = await ImportAsync(keeper, provider, cancellationToken);
        await EnsureInstanceAsync(keeper, ProviderIdentityRepresentation.Of(metadata, provider.ClientId), provider.ClientSecret, cancellationToken);
        await EnsureMappersAsync(keeper, cancellationToken);
        return keeper.Changes;
    }

    /// <summary>Keycloak reads the discovery document itself; no login is possible through an address that it cannot reach.</summary>
    private static async Task<JsonObject> ImportAsync(KeycloakAdmin keeper, ProviderAccess provider, CancellationToken cancellationToken)
    {
        const string What = "read the provider's discovery document";
        var answer = await keeper.AskAsync("identity-provider/import-config", new JsonObject { ["fromUrl"] = provider.DiscoveryUrl, ["providerId"] = "oidc" }, What, cancellationToken);
        if (answer.Status != HttpStatusCode.OK)
        {
            throw new ProblemException(503, "dependency_unavailable", "The tenant's Keycloak can't read the provider's discovery document.", TimeSpan.FromSeconds(30));
        }

        var issuer = Representation.Text(answer.Object, "issuer");
        return provider.DiscoveryUrl == issuer.TrimEnd('/') + "/.well-known/openid-configuration"
            ? answer.Object
            : throw new KeycloakException($"The discovery document at {provider.DiscoveryUrl} is another issuer's.");
    }

    private static async Task EnsureInstanceAsync(KeycloakAdmin keeper, JsonObject wanted, string secret, CancellationToken cancellationToken)
    {
        const string What = $"identity provider {TenantKeycloak.ProviderAlias}";
        var actual = await keeper.FindAsync(Instance, cancellationToken);
        var isSo = Representation.Covers(actual, wanted);
        wanted["config"]!["clientSecret"] = secret;
        if (actual is null)
        {
            await keeper.CreateAsync(Instances, wanted, What, cancellationToken);
        }
        else if (isSo)
        {
            await keeper.WriteAsync(Instance, wanted, What, cancellationToken);
        }
        else
        {
            await keeper.ChangeAsync(Instance, wanted, What, cancellationToken);
        }
    }

    /// <summary>Exactly ours: one more mapper could make every guest an admin.</summary>
    private static async Task EnsureMappersAsync(KeycloakAdmin keeper, CancellationToken cancellationToken)
    {
        var wanted = ProviderIdentityRepresentation.Mappers();
        var actual = (await keeper.FindAsync($"{Instance}/mappers", cancellationToken) as JsonArray ?? []).OfType<JsonObject>().ToList();
        foreach (var mapper in actual.Where(a => !wanted.Any(w => (string?)w["name"] == (string?)a["name"])))
        {
            await keeper.RemoveAsync($"{Instance}/mappers/{Representation.Id(mapper)}", $"mapper {mapper["name"]}", cancellationToken);
        }

        foreach (var mapper in wanted)
        {
            var present = actual.Find(a => (string?)a["name"] == (string?)mapper["name"]);
            if (present is null)
            {
                await keeper.CreateAsync($"{Instance}/mappers", mapper, $"mapper {mapper["name"]}", cancellationToken);
            }
            else if (!Representation.Covers(present, mapper))
            {
                mapper["id"] = Representation.Id(present);
                await keeper.ChangeAsync($"{Instance}/mappers/{Representation.Id(present)}", mapper, $"mapper {mapper["name"]}", cancellationToken);
            }
        }
    }
}

/// <summary>What this realm signs in to the provider's with: the bundle's, unless the settings know better. A class, not a record: it carries a secret.</summary>
internal sealed class ProviderAccess
{
    public required string ClientId { get; init; }
    public required string ClientSecret { get; init; }
    public required string DiscoveryUrl { get; init; }

    /// <summary>Null: the provider has no identity provider.</summary>
    public static ProviderAccess? Of(TenantOptions options, JoinBundle bundle) => bundle.Federation() is not { } federation ? null : new()
    {
        ClientId = federation.CdmIdpClientId,
        ClientSecret = options.FederationSecret ?? federation.CdmIdpClientSecret,
        DiscoveryUrl = options.FederationDiscoveryUrl?.AbsoluteUri ?? federation.CdmDiscoveryUrl,
    };
}
