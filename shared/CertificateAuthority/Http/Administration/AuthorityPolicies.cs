using IoTPlatform.CertificateAuthority.Provisioners;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>Changes the authority's policy, by whichever API; it holds in this process when a change returns.</summary>
internal sealed class AuthorityPolicies(AuthorityPolicyStore store, ProvisionerRegistry registry, AdministratorStore administrators)
{
    /// <summary>Throws 422 <c>invalid_policy</c> and <c>admin_locked_out</c>, 412 <c>changed_meanwhile</c>.</summary>
    /// <param name="policy">As ca.json writes it; null: none from now on.</param>
    /// <param name="replaces">As in <see cref="AuthorityPolicyStore.SaveAsync"/>.</param>
    /// <param name="by">Who wants it.</param>
    /// <param name="cancellationToken">Ends it before its commit.</param>
    public async Task SaveAsync(string? policy, long? replaces, string by, CancellationToken cancellationToken)
    {
        if (policy is not null)
        {
            AuthorityPolicy.Read(policy).RequireAllowed(await administrators.ListAsync(cancellationToken));
        }

        await store.SaveAsync(policy, replaces, by, cancellationToken);
        await registry.ReloadAsync(cancellationToken);
    }
}
