using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;

namespace IoTPlatform.Client;

/// <summary>Who may have an account at an ACME provisioner, and what one account may have.</summary>
public abstract partial class PlatformClient
{
    public Task<ExternalAccountKeyList> ListExternalAccountKeysAsync(string provisioner, CancellationToken cancellationToken = default) =>
        GetAsync(ExternalAccountKeys(provisioner), ContractsJson.Default.ExternalAccountKeyList, cancellationToken);

    public Task<ExternalAccountCredentials> AddExternalAccountKeyAsync(string provisioner, AddExternalAccountKeyRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Post, ExternalAccountKeys(provisioner), request, ContractsJson.Default.AddExternalAccountKeyRequest, ContractsJson.Default.ExternalAccountCredentials, cancellationToken);

    public Task RemoveExternalAccountKeyAsync(string provisioner, string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"{ExternalAccountKeys(provisioner)}/{Escape(id)}", cancellationToken);

    /// <param name="provisioner">Whose account.</param>
    /// <param name="keyId">Of the external account key that the account is bound to.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<AccountPolicyView> GetAccountPolicyAsync(string provisioner, string keyId, CancellationToken cancellationToken = default) =>
        GetAsync(AccountPolicy(provisioner, keyId), ContractsJson.Default.AccountPolicyView, cancellationToken);

    /// <param name="provisioner">Whose account.</param>
    /// <param name="keyId">Of the external account key that the account is bound to.</param>
    /// <param name="policy">As step-ca's <c>ca.json</c> writes it.</param>
    /// <param name="replaces">As in <see cref="SaveProvisionerAsync"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<AccountPolicyView> SaveAccountPolicyAsync(string provisioner, string keyId, JsonElement policy, long? replaces = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, AccountPolicy(provisioner, keyId), policy, ContractsJson.Default.JsonElement, ContractsJson.Default.AccountPolicyView, cancellationToken, header: Precondition(replaces));

    /// <param name="provisioner">Whose account.</param>
    /// <param name="keyId">Of the external account key that the account is bound to.</param>
    /// <param name="replaces">The version that was read; null: whatever is there.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task RemoveAccountPolicyAsync(string provisioner, string keyId, long? replaces = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, AccountPolicy(provisioner, keyId), cancellationToken, Precondition(replaces));

    private static string ExternalAccountKeys(string provisioner) => $"portal/provisioners/{Escape(provisioner)}/external-account-keys";

    private static string AccountPolicy(string provisioner, string keyId) => $"{ExternalAccountKeys(provisioner)}/{Escape(keyId)}/policy";
}
