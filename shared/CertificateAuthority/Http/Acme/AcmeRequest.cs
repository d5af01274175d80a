using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using IoTPlatform.Jose;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>A request whose signature, address and nonce are right (RFC 8555 6.2 to 6.5).</summary>
/// <param name="Provisioner">Whose server it was sent to.</param>
/// <param name="Links">Of that server.</param>
/// <param name="Key">That signed it.</param>
/// <param name="Account">Whose key it is; null where the request brought the key itself.</param>
/// <param name="Payload">Empty: POST-as-GET (6.3).</param>
internal sealed record AcmeRequest(AcmeProvisioner Provisioner, AcmeLinks Links, JsonWebKey Key, AcmeAccount? Account, ReadOnlyMemory<byte> Payload)
{
    public bool IsGet => Payload.IsEmpty;

    public AcmeAccount RequiredAccount => Account ?? throw AcmeException.Malformed("This request is signed by an account: its header has kid, not jwk.");

    public T Read<T>(JsonTypeInfo<T> type) => Read(Payload, type);

    /// <summary>POST-as-GET only.</summary>
    public void RequireGet()
    {
        if (!IsGet)
        {
            throw AcmeException.Malformed("This resource is read with POST-as-GET: the payload is empty.");
        }
    }

    internal static T Read<T>(ReadOnlyMemory<byte> json, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(json.Span, type) ?? throw AcmeException.Malformed("The payload is null.");
        }
        catch (JsonException e)
        {
            throw AcmeException.Malformed("The payload is not the JSON object that belongs here.", e);
        }
    }
}

/// <summary>Reads and judges requests.</summary>
internal sealed class AcmeRequests(AcmeNonces nonces, AcmeAccounts accounts)
{
    private const string ContentType = "application/jose+json";
    private static readonly string[] Algorithms = ["ES256", "ES384", "ES512", "RS256", "PS256"];
    private static readonly AlgorithmSet Allowed = AlgorithmSet.Of(Algorithms);

    public async Task<AcmeRequest> ReadAsync(HttpContext context)
    {
        var provisioner = context.Features.GetRequiredFeature<AcmeProvisioner>();
        var links = AcmeLinks.Of(context, provisioner.Name);
        if (context.Request.ContentType is not { } type || !type.Split(';')[0].Trim().Equals(ContentType, StringComparison.OrdinalIgnoreCase))
        {
            throw AcmeException.Of("malformed", $"The content type is not {ContentType}.", StatusCodes.Status415UnsupportedMediaType);
        }

        var jws = await RequestBody.ParseAsync(context, Parse);
        var nonce = await nonces.CheckAsync(jws.Header.Nonce, context.RequestAborted);
        RequireUrl(jws, $"{context.Request.Scheme}://{context.Request.Host}{context.Request.Path}{context.Request.QueryString}");
        var account = jws.Header.Jwk is null ? await AccountAsync(jws, provisioner, links, context.RequestAborted) : null;
        var key = account is null ? jws.Header.Jwk! : JsonWebKey.Parse(account.Jwk);
        Verify(jws, key);
        // Last, so that nobody spends another's nonce.
        await nonces.SpendAsync(nonce, context.RequestAborted);
        return new AcmeRequest(provisioner, links, key, account, jws.Payload);
    }

    /// <summary>The inner request of a key change: signed by the new key, for the same address, without a nonce (RFC 8555 7.3.5).</summary>
    public static (JsonWebKey Key, KeyChange Change) ReadKeyChange(ReadOnlyMemory<byte> payload, AcmeLinks links)
    {
        var jws = Parse(payload.Span);
        if (jws.Header is not { Jwk: { } key, Nonce: null })
        {
            throw AcmeException.Malformed("The inner request has no jwk, or has a nonce.");
        }

        RequireUrl(jws, links.KeyChange);
        Verify(jws, key);
        return (key, AcmeRequest.Read(jws.Payload, AcmeJson.Default.KeyChange));
    }

    /// <summary>A key within a payload.</summary>
    public static JsonWebKey KeyOf(string json, string what)
    {
        try
        {
            return JsonWebKey.Parse(json);
        }
        catch (JoseException e)
        {
            throw AcmeException.Malformed($"{what} is no JSON Web Key.", e);
        }
    }

    private static ParsedJws Parse(ReadOnlySpan<byte> body)
    {
        FlattenedJws? sent;
        try
        {
            sent = JsonSerializer.Deserialize(body, AcmeJson.Default.FlattenedJws);
        }
        catch (JsonException e)
        {
            throw AcmeException.Malformed("The body is not a flattened JWS.", e);
        }

        if (sent is not { Protected: { } header, Payload: { } payload, Signature: { } signature, Header: null, Signatures: null })
        {
            throw AcmeException.Malformed("The body is not a flattened JWS of protected, payload and signature, or has an unprotected header.");
        }

        try
        {
            var jws = CompactJws.Parse($"{header}.{payload}.{signature}", RequestBody.MaxBytes);
            return jws.Header is { Jwk: null, KeyId: null } or { Jwk: not null, KeyId: not null } ? throw AcmeException.Malformed("The header has either jwk or kid.") : jws;
        }
        catch (JoseException e)
        {
            throw Refused(e);
        }
    }

    private static void Verify(ParsedJws jws, JsonWebKey key)
    {
        try
        {
            using var verification = VerificationKeyOf(key);
            if (!jws.Verify(verification, Allowed))
            {
                throw AcmeException.Malformed("The signature does not verify.");
            }
        }
        catch (JoseException e)
        {
            throw Refused(e);
        }
    }

    private static VerificationKey VerificationKeyOf(JsonWebKey key)
    {
        if (key.IsPrivate)
        {
            throw AcmeException.Of("badPublicKey", "The header has a private key.", 400);
        }

        return VerificationKey.From(key);
    }

    private static AcmeException Refused(JoseException e) => e.Error switch
    {
        JoseError.AlgorithmNotAllowed => new AcmeException(
            new AcmeProblem(AcmeProblem.Namespace + "badSignatureAlgorithm", "The signature's algorithm is not one of this server's, or not the key's.") { Algorithms = Algorithms }, 400, e),
        JoseError.KeyNotAllowed => AcmeException.Of("badPublicKey", e.Message, 400, e),
        _ => AcmeException.Malformed(e.Message, e),
    };

    private static void RequireUrl(ParsedJws jws, string expected)
    {
        if (!string.Equals(jws.Header.Url, expected, StringComparison.Ordinal))
        {
            throw AcmeException.Of("unauthorized", "The header's url is not the address that the request was sent to.", StatusCodes.Status401Unauthorized);
        }
    }

    private async Task<AcmeAccount> AccountAsync(ParsedJws jws, AcmeProvisioner provisioner, AcmeLinks links, CancellationToken cancellationToken)
    {
        var id = links.AccountId(jws.Header.KeyId!) ?? throw AcmeException.Malformed("The header's kid is no account of this server.");
        var account = await accounts.FindAsync(provisioner.Name, id, cancellationToken) ?? throw AcmeException.Of("accountDoesNotExist", "There is no such account.", 400);
        return account.Status == AcmeStatus.Valid ? account : throw AcmeException.Of("unauthorized", "The account is deactivated.", StatusCodes.Status401Unauthorized);
    }
}
