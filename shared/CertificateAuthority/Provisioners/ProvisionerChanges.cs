using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Administration;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>What administrators do with provisioners, by whichever API. What the host itself needs stays, and a definition that could not serve is not kept.</summary>
internal sealed class ProvisionerChanges(ProvisionerRegistry registry, ProvisionerStore store, AdministratorStore administrators, WebhookOptions destinations)
{
    /// <summary>Adds it, or replaces the one of that name; it serves in this process when this returns. Throws as <see cref="ProvisionerStore.SaveAsync"/>, 422 <c>invalid_provisioner</c> and 409 <c>built_in</c>.</summary>
    public async Task<StoredProvisioner> SaveAsync(ProvisionerDefinition wanted, ProvisionerChange change, CancellationToken cancellationToken)
    {
        if (registry.OfHost.Any(provisioner => provisioner.Name == wanted.Name))
        {
            throw BuiltIn(wanted.Name);
        }

        DefinitionSecrets.RequireDecrypted(wanted);
        wanted = WebhookSecrets.Restored(wanted, registry.Stored.FirstOrDefault(stored => stored.Name == wanted.Name)?.Row.Definition);
        var provisioner = registry.Create(wanted);
        try
        {
            if (wanted.Name == JwkProvisioner.DefaultName)
            {
                RequireKeyOfHost(provisioner as JwkProvisioner, registry.Find(wanted.Name) as JwkProvisioner);
                if (provisioner.Options.Issuer is not null)
                {
                    throw new ProblemException(409, "built_in", "The host's own provisioner has the host's own issuer.");
                }
            }

            if (provisioner.Options.Webhooks.FirstOrDefault(webhook => !destinations.HasHost(webhook.Address.IdnHost)) is { } elsewhere)
            {
                throw ProvisionerDefinition.Refused($"the webhook {elsewhere.Name} can't be asked: {WebhookOptions.Refusal(elsewhere.Address.IdnHost)}.");
            }

            provisioner.Policy?.RequireAllowed((await administrators.ListAsync(cancellationToken)).Where(one => one.Provisioner == wanted.Name));
            await store.SaveAsync(wanted, (provisioner as JwkProvisioner)?.KeyId, change, cancellationToken);
        }
        finally
        {
            (provisioner as IDisposable)?.Dispose();
        }

        await registry.ReloadAsync(cancellationToken);
        return registry.Stored.FirstOrDefault(stored => stored.Name == wanted.Name) ?? throw NotFound(wanted.Name);
    }

    /// <summary>The same, but for what is part of the host: administrators of provisioners change nothing of it.</summary>
    public Task<StoredProvisioner> SaveOfOthersAsync(ProvisionerDefinition wanted, ProvisionerChange change, CancellationToken cancellationToken) =>
        IsOfHost(wanted.Name) ? throw BuiltIn(wanted.Name) : SaveAsync(wanted, change, cancellationToken);

    /// <summary>A provisioner's policy, or none: the rest of it stays.</summary>
    public Task<StoredProvisioner> SavePolicyAsync(StoredProvisioner stored, JsonObject? policy, ProvisionerChange change, CancellationToken cancellationToken)
    {
        var definition = JsonNode.Parse(stored.Row.Definition)!.AsObject();
        definition["policy"] = policy;
        return SaveOfOthersAsync(ProvisionerDefinition.Parse(definition.ToJsonString()), change, cancellationToken);
    }

    /// <summary>Throws 404 <c>no_such_provisioner</c>, and 409 <c>built_in</c> for one that is a setting of the host.</summary>
    public StoredProvisioner Require(string name) =>
        registry.Stored.FirstOrDefault(stored => stored.Name == name) ?? throw (registry.OfHost.Any(provisioner => provisioner.Name == name) ? BuiltIn(name) : NotFound(name));

    /// <summary>Throws as <see cref="ProvisionerStore.RemoveAsync"/>, 409 <c>built_in</c> and 404 <c>no_such_provisioner</c>.</summary>
    public async Task RemoveAsync(string name, ProvisionerChange change, CancellationToken cancellationToken)
    {
        if (IsOfHost(name))
        {
            throw BuiltIn(name);
        }

        if (!await store.RemoveAsync(name, change, cancellationToken))
        {
            throw NotFound(name);
        }

        await registry.ReloadAsync(cancellationToken);
    }

    /// <summary>The host's own, or a setting of it.</summary>
    public bool IsOfHost(string name) => name == JwkProvisioner.DefaultName || registry.OfHost.Any(provisioner => provisioner.Name == name);

    public static ProblemException BuiltIn(string name) => new(409, "built_in", $"The provisioner {name} is part of the host: it is changed by its settings.");

    public static ProblemException NotFound(string name) => new(404, "no_such_provisioner", $"provisioner {name} not found");

    /// <summary>The host opens it with its password; another key would be replaced at the next start.</summary>
    private static void RequireKeyOfHost(JwkProvisioner? wanted, JwkProvisioner? now)
    {
        if (wanted is null || (now is not null && (wanted.KeyId != now.KeyId || wanted.EncryptedKey != now.EncryptedKey)))
        {
            throw new ProblemException(409, "built_in", "The host's own provisioner keeps its type and key; its claims and its policy can be changed.");
        }
    }
}
