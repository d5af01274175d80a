using System.Security.Claims;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>What an administrator does with provisioners. A change serves in every process at once, without a restart.</summary>
public static class ProvisionerEndpoints
{
    /// <summary>GET /portal/provisioners (Viewer), PUT and DELETE /portal/provisioners/{name} (Admin).</summary>
    public static void MapProvisioners(this IEndpointRouteBuilder app)
    {
        var provisioners = app.MapGroup("/portal/provisioners");
        provisioners.MapGet("", Show).RequireAuthorization(CaDirectory.Policy);
        provisioners.MapPut("{name}", SaveAsync).RequireAuthorization(Policies.Admin);
        provisioners.MapDelete("{name}", RemoveAsync).RequireAuthorization(Policies.Admin);
        ExternalAccountEndpoints.Map(provisioners.MapGroup("{name}/external-account-keys"));
    }

    /// <summary>In the order in which a credential's provisioner is looked for.</summary>
    internal static ProvisionerList List(ProvisionerRegistry registry) => new()
    {
        Items =
        [
            .. registry.Stored.Select(View),
            .. registry.OfHost.Select(provisioner => new ProvisionerView { Name = provisioner.Name, Type = provisioner.Type, BuiltIn = true }),
        ],
    };

    private static Ok<ProvisionerList> Show(ProvisionerRegistry registry) => TypedResults.Ok(List(registry));

    private static async Task<Ok<ProvisionerView>> SaveAsync(
        string name, JsonElement definition, ProvisionerRegistry registry, ProvisionerStore store, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        // Read as every start reads it again: what only serves until then would keep the host from starting.
        var wanted = ProvisionerDefinition.Parse(definition.GetRawText());
        if (wanted.Name != name)
        {
            throw ProvisionerDefinition.Refused("its name is not the one in the address.");
        }

        if (registry.OfHost.Any(provisioner => provisioner.Name == name))
        {
            throw BuiltIn(name);
        }

        wanted = WebhookSecrets.Restored(wanted, registry.Stored.FirstOrDefault(stored => stored.Name == name)?.Row.Definition);
        var provisioner = registry.Create(wanted);
        try
        {
            var keyId = (provisioner as JwkProvisioner)?.KeyId;
            if (name == JwkProvisioner.DefaultName)
            {
                RequireKeyOfHost(provisioner as JwkProvisioner, registry.Find(name) as JwkProvisioner);
            }

            await store.SaveAsync(wanted, keyId, By(user), cancellationToken);
        }
        finally
        {
            (provisioner as IDisposable)?.Dispose();
        }

        await registry.ReloadAsync(cancellationToken);
        return TypedResults.Ok(View(registry.Stored.FirstOrDefault(stored => stored.Name == name) ?? throw NotFound(name)));
    }

    private static async Task<NoContent> RemoveAsync(string name, ProvisionerRegistry registry, ProvisionerStore store, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        if (name == JwkProvisioner.DefaultName || registry.OfHost.Any(provisioner => provisioner.Name == name))
        {
            throw BuiltIn(name);
        }

        if (!await store.RemoveAsync(name, By(user), cancellationToken))
        {
            throw NotFound(name);
        }

        await registry.ReloadAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    /// <summary>The host opens it with its password; another key would be replaced at the next start.</summary>
    private static void RequireKeyOfHost(JwkProvisioner? wanted, JwkProvisioner? now)
    {
        if (wanted is null || (now is not null && (wanted.KeyId != now.KeyId || wanted.EncryptedKey != now.EncryptedKey)))
        {
            throw new ProblemException(409, "built_in", "The host's own provisioner keeps its type and key; its claims and its policy can be changed.");
        }
    }

    private static ProvisionerView View(StoredProvisioner stored) => new()
    {
        Name = stored.Name,
        Type = stored.Provisioner?.Type ?? stored.Row.Type,
        Disabled = stored.Disabled,
        BuiltIn = stored.Name == JwkProvisioner.DefaultName,
        ChangedAt = stored.Row.Written,
        Definition = WebhookSecrets.Without(stored.Row.Definition),
    };

    private static string By(ClaimsPrincipal user) => user.Identity?.Name ?? "admin";

    private static ProblemException BuiltIn(string name) => new(409, "built_in", $"The provisioner {name} is part of the host: it is changed by its settings.");

    private static ProblemException NotFound(string name) => new(404, "no_such_provisioner", $"There is no provisioner {name}.");
}
