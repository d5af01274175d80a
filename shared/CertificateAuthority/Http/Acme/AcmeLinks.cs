using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>The addresses of one request's ACME server, as its client knows it: step-ca's paths, below the prefix by which it came.</summary>
internal sealed class AcmeLinks
{
    private readonly string _host;
    private readonly string _base;

    private AcmeLinks(string host, string prefix, string provisioner)
    {
        _host = host;
        // As the path of a request is written again, of which every url in a header is the same.
        Path = new PathString("/acme/" + provisioner).ToString();
        _base = host + prefix + Path;
    }

    private string Path { get; }

    public string Directory => _base + "/directory";

    public string NewNonce => _base + "/new-nonce";

    public string NewAccount => _base + "/new-account";

    public string NewOrder => _base + "/new-order";

    public string RevokeCert => _base + "/revoke-cert";

    public string KeyChange => _base + "/key-change";

    public string RenewalInfo => _base + "/renewal-info";

    /// <param name="context">Whose path has the prefix before the provisioner's name.</param>
    /// <param name="provisioner">Its name.</param>
    public static AcmeLinks Of(HttpContext context, string provisioner)
    {
        var path = context.Request.Path.Value!;
        var prefix = path[..path.IndexOf("/acme/", StringComparison.OrdinalIgnoreCase)];
        return new AcmeLinks($"{context.Request.Scheme}://{context.Request.Host}", prefix, provisioner);
    }

    public string Account(string id) => $"{_base}/account/{id}";

    /// <summary>Every address of the account: it is the same by either prefix.</summary>
    public IReadOnlyList<string> AccountEverywhere(string id) => [$"{_host}{Path}/account/{id}", $"{_host}/2.0{Path}/account/{id}"];

    public string Orders(string accountId) => $"{_base}/account/{accountId}/orders";

    public string Order(string id) => $"{_base}/order/{id}";

    public string Finalize(string orderId) => $"{_base}/order/{orderId}/finalize";

    public string Authorization(string id) => $"{_base}/authz/{id}";

    public string Challenge(string authorizationId, string id) => $"{_base}/challenge/{authorizationId}/{id}";

    public string Certificate(string orderId) => $"{_base}/certificate/{orderId}";

    /// <summary>Of the account that a key id names; null: it names none here.</summary>
    public string? AccountId(string keyId)
    {
        var start = _base + "/account/";
        return keyId.StartsWith(start, StringComparison.Ordinal) && keyId[start.Length..] is var id && AcmeId.IsOne(id) ? id : null;
    }
}
