using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Contracts.Audit;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Pki;
using Polly;

namespace IoTPlatform.Client;

/// <summary>What provider and tenant have in common: accounts, certificates, audit. Owns the <see cref="HttpClient"/> it is given.</summary>
public abstract partial class PlatformClient : IDisposable
{
    /// <summary>Where the provider serves its list of revoked Sub-CAs, and tenants relay it.</summary>
    public const string RevokedSubCasPath = "crl/sub-cas";

    private const string Accounts = "portal/admin/accounts";
    private const string ServiceAccounts = "portal/admin/service-accounts";
    private const string AuthorityPolicy = "portal/authority-policy";

    private readonly HttpClient _http;
    private readonly ResiliencePipeline<byte[]> _retries;
    private Func<CancellationToken, Task<string>>? _tokens;

    private protected PlatformClient(HttpClient http, TimeProvider? time)
    {
        _http = http;
        _retries = Retries.Create(time ?? TimeProvider.System);
    }

    public Uri BaseUrl => _http.BaseAddress!;

    /// <summary>Every later call carries this access token (RFC 6750).</summary>
    public void UseToken(string accessToken) => UseTokens(_ => Task.FromResult(accessToken));

    /// <summary>Every later call carries an access token that it asks for then.</summary>
    public void UseTokens(Func<CancellationToken, Task<string>> accessTokens) => _tokens = accessTokens;

    /// <summary>Signs the account's person in at the portal, once; for the operator of the machine.</summary>
    public Task<SignInLink> SignInLinkAsync(string username, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"{Accounts}/{Escape(username)}/sign-in-link", ContractsJson.Default.SignInLink, cancellationToken);

    /// <summary>Local accounts.</summary>
    public Task<AccountList> ListAccountsAsync(CancellationToken cancellationToken = default) => GetAsync(Accounts, ContractsJson.Default.AccountList, cancellationToken);

    /// <summary>Answers the link by which its person chooses a password.</summary>
    public Task<AccountInvitation> AddAccountAsync(AddAccountRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, Accounts, request, ContractsJson.Default.AddAccountRequest, ContractsJson.Default.AccountInvitation, cancellationToken);

    /// <summary>Ends its password and its sessions, and answers the link to another password.</summary>
    public Task<AccountInvitation> ResetAccountAsync(string username, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"{Accounts}/{Escape(username)}/reset", ContractsJson.Default.AccountInvitation, cancellationToken);

    public Task DisableAccountAsync(string username, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Post, $"{Accounts}/{Escape(username)}/disable", cancellationToken);

    public Task EnableAccountAsync(string username, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Post, $"{Accounts}/{Escape(username)}/enable", cancellationToken);

    public Task ChangeRolesAsync(string username, ChangeRolesRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"{Accounts}/{Escape(username)}/roles", request, ContractsJson.Default.ChangeRolesRequest, cancellationToken);

    /// <summary>Its password alone opens it again; its sessions end.</summary>
    public Task ResetFactorsAsync(string username, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Post, $"{Accounts}/{Escape(username)}/reset-factors", cancellationToken);

    /// <summary>Programs with tokens of the server's own issuer.</summary>
    public Task<ServiceAccountList> ListServiceAccountsAsync(CancellationToken cancellationToken = default) =>
        GetAsync(ServiceAccounts, ContractsJson.Default.ServiceAccountList, cancellationToken);

    public Task<ServiceAccountCredentials> AddServiceAccountAsync(AddServiceAccountRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, ServiceAccounts, request, ContractsJson.Default.AddServiceAccountRequest, ContractsJson.Default.ServiceAccountCredentials, cancellationToken);

    public Task<ServiceAccountCredentials> RotateServiceAccountAsync(string name, RotateServiceAccountRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Post, $"{ServiceAccounts}/{Escape(name)}/rotate", request,
            ContractsJson.Default.RotateServiceAccountRequest, ContractsJson.Default.ServiceAccountCredentials, cancellationToken);

    public Task RemoveServiceAccountAsync(string name, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Delete, $"{ServiceAccounts}/{Escape(name)}", cancellationToken);

    /// <summary>A new signing key of the server's own issuer; idempotent while it does not sign yet.</summary>
    public Task<RotatedKeys> RotateIssuerKeysAsync(CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "portal/admin/identity/rotate-keys", ContractsJson.Default.RotatedKeys, cancellationToken);

    public Task<Page<CertificateSummary>> ListCertificatesAsync(
        CertificateFilter? filter = null, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(
            Query.Build("portal/certificates", [.. Query.Of(filter), ("cursor", cursor), ("limit", Query.Of(limit))]), ContractsJson.Default.PageCertificateSummary, cancellationToken);

    /// <summary>All certificates that meet the filter, newest first, written as they come. Once writing has begun, a failure leaves a part.</summary>
    /// <param name="filter">Null: all.</param>
    /// <param name="format"><c>csv</c>, or <c>json</c>: an object a line.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task ExportCertificatesAsync(CertificateFilter? filter, string format, Stream destination, CancellationToken cancellationToken = default)
    {
        using var request = await RequestAsync(HttpMethod.Get, Query.Build("portal/certificates/export", [.. Query.Of(filter), ("format", format)]), bearer: null, cancellationToken);
        await ApiTransport.CopyAsync(_http, request, destination, cancellationToken);
    }

    public Task<Page<EndpointSummary>> ListEndpointsAsync(
        EndpointFilter? filter = null, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(
            Query.Build("portal/endpoints",
                ("name", filter?.Name), ("provisioner", filter?.Provisioner), ("profile", filter?.Profile), ("active", Query.Of(filter?.Active)), ("expiring", Query.Of(filter?.Expiring)), ("cursor", cursor), ("limit", Query.Of(limit))),
            ContractsJson.Default.PageEndpointSummary, cancellationToken);

    /// <param name="serial">Decimal or hex.</param>
    public Task<CertificateDetail> GetCertificateAsync(string serial, CancellationToken cancellationToken = default) =>
        GetAsync($"portal/certificates/{Escape(serial)}", ContractsJson.Default.CertificateDetail, cancellationToken);

    /// <param name="serial">Decimal or hex.</param>
    public Task RevokeCertificateAsync(string serial, RevokeRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"portal/certificates/{Escape(serial)}/revoke", request, ContractsJson.Default.RevokeRequest, cancellationToken);

    /// <param name="serial">Decimal or hex.</param>
    /// <param name="request">Why.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task HoldCertificateAsync(string serial, HoldRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"portal/certificates/{Escape(serial)}/hold", request, ContractsJson.Default.HoldRequest, cancellationToken);

    /// <summary>Ends a hold; every other revocation is final.</summary>
    /// <param name="serial">Decimal or hex.</param>
    /// <param name="request">Why.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task ReleaseCertificateAsync(string serial, HoldRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"portal/certificates/{Escape(serial)}/release", request, ContractsJson.Default.HoldRequest, cancellationToken);

    /// <summary>What an emergency would hit, or has hit.</summary>
    /// <param name="kind">For example <c>key</c> or <c>sub-ca</c>.</param>
    /// <param name="target">A key, a profile, a device, a batch, a tenant: what the kind is about.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<EmergencyView> PreviewEmergencyAsync(string kind, string target, CancellationToken cancellationToken = default) =>
        GetAsync(Emergency(kind, target), ContractsJson.Default.EmergencyView, cancellationToken);

    /// <summary>Revokes all of it in one act; it may be repeated.</summary>
    public Task<EmergencyView> RunEmergencyAsync(string kind, string target, EmergencyRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, Emergency(kind, target), request, ContractsJson.Default.EmergencyRequest, ContractsJson.Default.EmergencyView, cancellationToken);

    public Task<ProvisionerList> ListProvisionersAsync(CancellationToken cancellationToken = default) => GetAsync("portal/provisioners", ContractsJson.Default.ProvisionerList, cancellationToken);

    /// <summary>Adds it, or replaces the one of that name.</summary>
    /// <param name="name">As in the definition.</param>
    /// <param name="definition">As step-ca's <c>ca.json</c> writes it.</param>
    /// <param name="replaces">The version that was read; 0: there is none yet; null: whatever is there. Another one is 412 <c>changed_meanwhile</c>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<ProvisionerView> SaveProvisionerAsync(string name, JsonElement definition, long? replaces = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, $"portal/provisioners/{Escape(name)}", definition, ContractsJson.Default.JsonElement, ContractsJson.Default.ProvisionerView, cancellationToken, header: Precondition(replaces));

    /// <summary>A provisioner in the words of step-ca's administration API, as ca.json writes it; nothing is stored.</summary>
    public Task<JsonElement> TranslateProvisionerAsync(JsonElement linked, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "portal/imports/provisioner-definition", linked, ContractsJson.Default.JsonElement, ContractsJson.Default.JsonElement, cancellationToken);

    /// <summary>The same, of a name policy.</summary>
    public Task<JsonElement> TranslatePolicyAsync(JsonElement linked, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "portal/imports/policy-definition", linked, ContractsJson.Default.JsonElement, ContractsJson.Default.JsonElement, cancellationToken);

    public Task RemoveProvisionerAsync(string name, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Delete, $"portal/provisioners/{Escape(name)}", cancellationToken);

    public Task<AdministratorList> ListAdministratorsAsync(CancellationToken cancellationToken = default) => GetAsync("portal/administrators", ContractsJson.Default.AdministratorList, cancellationToken);

    public Task<AdministratorView> AddAdministratorAsync(AddAdministratorRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "portal/administrators", request, ContractsJson.Default.AddAdministratorRequest, ContractsJson.Default.AdministratorView, cancellationToken);

    public Task<AdministratorView> ChangeAdministratorAsync(string id, ChangeAdministratorRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Patch, $"portal/administrators/{Escape(id)}", request, ContractsJson.Default.ChangeAdministratorRequest, ContractsJson.Default.AdministratorView, cancellationToken);

    public Task RemoveAdministratorAsync(string id, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Delete, $"portal/administrators/{Escape(id)}", cancellationToken);

    public Task<AuthorityPolicyView> GetAuthorityPolicyAsync(CancellationToken cancellationToken = default) => GetAsync(AuthorityPolicy, ContractsJson.Default.AuthorityPolicyView, cancellationToken);

    /// <param name="policy">As step-ca's <c>ca.json</c> writes it.</param>
    /// <param name="replaces">As in <see cref="SaveProvisionerAsync"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<AuthorityPolicyView> SaveAuthorityPolicyAsync(JsonElement policy, long? replaces = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, AuthorityPolicy, policy, ContractsJson.Default.JsonElement, ContractsJson.Default.AuthorityPolicyView, cancellationToken, header: Precondition(replaces));

    /// <param name="replaces">The version that was read; null: whatever is there.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task RemoveAuthorityPolicyAsync(long? replaces = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, AuthorityPolicy, cancellationToken, Precondition(replaces));

    public Task<ImportedIssuerList> ListImportedIssuersAsync(CancellationToken cancellationToken = default) => GetAsync("portal/imports/issuers", ContractsJson.Default.ImportedIssuerList, cancellationToken);

    /// <summary>Twice does no harm.</summary>
    public Task<ImportedIssuerView> ImportIssuerAsync(ImportIssuerRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "portal/imports/issuers", request, ContractsJson.Default.ImportIssuerRequest, ContractsJson.Default.ImportedIssuerView, cancellationToken);

    /// <summary>Twice does no harm.</summary>
    public Task<ImportResult> ImportCertificatesAsync(ImportCertificatesRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "portal/imports/certificates", request, ContractsJson.Default.ImportCertificatesRequest, ContractsJson.Default.ImportResult, cancellationToken);

    /// <summary>Twice does no harm.</summary>
    public Task<AcmeAccountImportResult> ImportAcmeAccountsAsync(ImportAcmeAccountsRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "portal/imports/acme-accounts", request, ContractsJson.Default.ImportAcmeAccountsRequest, ContractsJson.Default.AcmeAccountImportResult, cancellationToken);

    public Task<Page<AuditEntryView>> ListAuditAsync(string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query.Build("portal/audit", ("cursor", cursor), ("limit", Query.Of(limit))), ContractsJson.Default.PageAuditEntryView, cancellationToken);

    public Task<Page<AuditEntryView>> ListAuditAsync(AuditFilter filter, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(
            Query.Build("portal/audit",
                [
                    ("order", filter.NewestFirst ? "desc" : null), ("action", filter.Action), ("actor", filter.Actor), ("subject", filter.Subject),
                    ("since", Query.Of(filter.Since)), ("until", Query.Of(filter.Until)), .. filter.Except.Select(action => ("except", (string?)action)),
                    ("cursor", cursor), ("limit", Query.Of(limit)),
                ]),
            ContractsJson.Default.PageAuditEntryView, cancellationToken);

    public Task<AuditVerification> VerifyAuditAsync(CancellationToken cancellationToken = default) =>
        GetAsync("portal/audit/verify", ContractsJson.Default.AuditVerification, cancellationToken);

    /// <summary>The provider's list of revoked Sub-CAs, as the provider serves it and tenants relay it. Whom it is signed by is the caller's to check.</summary>
    public async Task<RevokedSubCas> GetRevokedSubCasAsync(CancellationToken cancellationToken = default)
    {
        var body = await _retries.ExecuteAsync(async token => await ApiTransport.GetBytesAsync(_http, RevokedSubCasPath, token), cancellationToken);
        try
        {
            return RevokedSubCas.Parse(body);
        }
        catch (PkiException e)
        {
            throw new UnreachableException(BaseUrl, UnreachableReason.NotThisApi, $"{BaseUrl} answered something that is no list of revoked Sub-CAs: {e.Message}", e);
        }
    }

    /// <summary>The root's list, as the provider serves it and tenants relay it. Null: there is none here, as at a server of an earlier version.</summary>
    public async Task<RevokedIntermediates?> FindRevokedIntermediatesAsync(X509Certificate2 root, CancellationToken cancellationToken = default)
    {
        var path = $"crl/{Convert.ToHexStringLower(IssuerInfo.FromCertificate(root).SubjectKeyIdentifier.Span)}.crl";
        try
        {
            return RevokedIntermediates.Parse(await _retries.ExecuteAsync(async token => await ApiTransport.GetBytesAsync(_http, path, token), cancellationToken), root);
        }
        catch (ApiException e) when (e.Status == 404)
        {
            return null;
        }
        catch (PkiException e)
        {
            throw new UnreachableException(BaseUrl, UnreachableReason.NotThisApi, $"{BaseUrl} answered something that is no list of the root: {e.Message}", e);
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>RFC 9110 13.1.</summary>
    private static (string Name, string Value)? Precondition(long? replaces) => replaces switch
    {
        null => null,
        0 => ("If-None-Match", "*"),
        { } version => ("If-Match", string.Create(CultureInfo.InvariantCulture, $"\"{version}\"")),
    };

    private static string Emergency(string kind, string target) => $"portal/emergencies/{Escape(kind)}/{Escape(target)}";

    // A dot segment stays one however it is escaped, and would call another endpoint.
    private protected static string Escape(string segment) => segment is "" or "." or ".."
        ? throw new ArgumentException($"'{segment}' cannot be an id", nameof(segment))
        : Uri.EscapeDataString(segment);

    private protected async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> answer, CancellationToken cancellationToken, string? bearer = null)
    {
        var body = await _retries.ExecuteAsync(
            async token =>
            {
                using var request = await RequestAsync(HttpMethod.Get, path, bearer, token);
                return await ApiTransport.SendAsync(_http, request, token);
            },
            cancellationToken);
        return ApiTransport.Decode(BaseUrl, body, answer);
    }

    private protected async Task SendAsync(HttpMethod method, string path, CancellationToken cancellationToken, (string Name, string Value)? header = null)
    {
        using var request = await RequestAsync(method, path, bearer: null, cancellationToken, header);
        await ApiTransport.SendAsync(_http, request, cancellationToken);
    }

    private protected async Task SendAsync<TBody>(HttpMethod method, string path, TBody body, JsonTypeInfo<TBody> type, CancellationToken cancellationToken)
    {
        using var request = await RequestAsync(method, path, bearer: null, cancellationToken);
        request.Content = ApiTransport.Encode(body, type);
        await ApiTransport.SendAsync(_http, request, cancellationToken);
    }

    private protected async Task<TAnswer> SendAsync<TBody, TAnswer>(
        HttpMethod method, string path, TBody body, JsonTypeInfo<TBody> type, JsonTypeInfo<TAnswer> answer,
        CancellationToken cancellationToken, string? bearer = null, (string Name, string Value)? header = null)
    {
        using var request = await RequestAsync(method, path, bearer, cancellationToken, header);
        request.Content = ApiTransport.Encode(body, type);
        return ApiTransport.Decode(BaseUrl, await ApiTransport.SendAsync(_http, request, cancellationToken), answer);
    }

    private protected async Task<TAnswer> SendAsync<TAnswer>(
        HttpMethod method, string path, JsonTypeInfo<TAnswer> answer, CancellationToken cancellationToken, string? bearer = null)
    {
        using var request = await RequestAsync(method, path, bearer, cancellationToken);
        return ApiTransport.Decode(BaseUrl, await ApiTransport.SendAsync(_http, request, cancellationToken), answer);
    }

    private async Task<HttpRequestMessage> RequestAsync(HttpMethod method, string path, string? bearer, CancellationToken cancellationToken, (string Name, string Value)? header = null)
    {
        if (bearer is null && _tokens is not null)
        {
            bearer = await _tokens(cancellationToken);
        }

        var request = new HttpRequestMessage(method, path) { Headers = { Authorization = bearer is null ? null : new AuthenticationHeaderValue("Bearer", bearer) } };
        if (header is { } extra)
        {
            request.Headers.TryAddWithoutValidation(extra.Name, extra.Value);
        }

        return request;
    }
}

/// <summary>Which audit entries to list; null leaves a condition out.</summary>
public sealed record AuditFilter
{
    public bool NewestFirst { get; init; }

    /// <summary>An action, or the beginning of one with a star: <c>certificate.*</c>.</summary>
    public string? Action { get; init; }
    public string? Actor { get; init; }
    public string? Subject { get; init; }
    public DateTimeOffset? Since { get; init; }
    public DateTimeOffset? Until { get; init; }

    /// <summary>Actions that are left out.</summary>
    public IReadOnlyList<string> Except { get; init; } = [];
}

/// <summary>What <c>GET /portal/certificates</c> lists; everything null lists everything, newest first.</summary>
public sealed record CertificateFilter
{
    /// <summary>Free text over subject, SANs and serial.</summary>
    public string? Text { get; init; }
    public string? Profile { get; init; }
    public string? Subject { get; init; }

    /// <summary>The subject or a SAN in full.</summary>
    public string? Name { get; init; }

    /// <summary>Common name.</summary>
    public string? Issuer { get; init; }
    public string? Provisioner { get; init; }

    /// <summary>Id of an endpoint.</summary>
    public long? Endpoint { get; init; }

    /// <summary><c>valid</c>, <c>expired</c>, <c>revoked</c> or <c>on-hold</c>.</summary>
    public string? State { get; init; }
    public bool? Revoked { get; init; }
    public DateTimeOffset? ExpiringBefore { get; init; }
    public DateTimeOffset? ExpiringAfter { get; init; }
}

/// <summary>What <c>GET /portal/endpoints</c> lists; everything null lists everything, those with the newest certificates first.</summary>
public sealed record EndpointFilter
{
    /// <summary>One of its names in full.</summary>
    public string? Name { get; init; }
    public string? Provisioner { get; init; }
    public string? Profile { get; init; }

    /// <summary>Whether it has a certificate that is good now.</summary>
    public bool? Active { get; init; }

    /// <summary>Whether its newest certificate is good and about to run out.</summary>
    public bool? Expiring { get; init; }
}
