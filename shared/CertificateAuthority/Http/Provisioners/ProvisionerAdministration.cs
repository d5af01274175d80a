using System.Text.Json;
using IoTPlatform.CertificateAuthority.Administration;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority;

/// <summary>Changes provisioners and the authority's policy, for those whom a role of this stack makes administrators: the API's way and the pages'.</summary>
public sealed class ProvisionerAdministration : IGuarded
{
    private readonly ProvisionerChanges _changes;
    private readonly AuthorityPolicies _policies;
    private readonly ProvisionerRegistry _registry;

    internal ProvisionerAdministration(ProvisionerChanges changes, AuthorityPolicies policies, ProvisionerRegistry registry) => (_changes, _policies, _registry) = (changes, policies, registry);

    public static string Policy => Policies.Admin;

    /// <summary>With its options. Throws as <see cref="ProvisionerChanges.Require"/>.</summary>
    public ProvisionerView Read(string name) => ProvisionerEndpoints.View(_changes.Require(name), isAdmin: true);

    public AuthorityPolicyView ReadPolicy() => ReadPolicy(_registry);

    /// <summary>Throws as <see cref="ProvisionerChanges.SaveAsync"/>, and 422 <c>invalid_provisioner</c> for a definition of another name.</summary>
    /// <param name="name">Null: the definition's own.</param>
    /// <param name="definition">As ca.json writes it.</param>
    /// <param name="replaces">That version and no other; 0: nothing; null: whatever is there.</param>
    /// <param name="by">Who wants it.</param>
    /// <param name="cancellationToken">Ends it before its commit.</param>
    public async Task<ProvisionerView> SaveAsync(string? name, string definition, long? replaces, string by, CancellationToken cancellationToken)
    {
        // Read as every start reads it again: what only serves until then would keep the host from starting.
        var wanted = ProvisionerDefinition.Parse(definition);
        return name is null || wanted.Name == name
            ? ProvisionerEndpoints.View(await _changes.SaveAsync(wanted, new ProvisionerChange(by, replaces), cancellationToken), isAdmin: true)
            : throw ProvisionerDefinition.Refused("its name is not the one in the address.");
    }

    /// <summary>Throws as <see cref="ProvisionerChanges.RemoveAsync"/>.</summary>
    public Task RemoveAsync(string name, long? replaces, string by, CancellationToken cancellationToken) =>
        _changes.RemoveAsync(name, new ProvisionerChange(by, replaces), cancellationToken);

    /// <summary>Throws as <see cref="AuthorityPolicies.SaveAsync"/>.</summary>
    /// <param name="policy">As ca.json writes it; null: none from now on.</param>
    /// <param name="replaces">As in <see cref="SaveAsync"/>.</param>
    /// <param name="by">Who wants it.</param>
    /// <param name="cancellationToken">Ends it before its commit.</param>
    public async Task<AuthorityPolicyView> SavePolicyAsync(string? policy, long? replaces, string by, CancellationToken cancellationToken)
    {
        await _policies.SaveAsync(policy, replaces, by, cancellationToken);
        return ReadPolicy();
    }

    internal static AuthorityPolicyView ReadPolicy(ProvisionerRegistry registry) =>
        registry.PolicyRow is { } row ? new AuthorityPolicyView { Policy = JsonElement.Parse(row.Policy), Version = row.Version } : new AuthorityPolicyView { Policy = null, Version = 0 };
}
