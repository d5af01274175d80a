using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using IoTPlatform.Provider.Configuration;

namespace IoTPlatform.Provider.Features.Proofs;

/// <summary>Proofs of possession of a Sub-CA key, for the URL that was called. Each is good for one call, in whichever process.</summary>
internal sealed partial class TenantProofs(ProviderOptions options, Authority authority, TimeProvider time, ILogger<TenantProofs> log)
{
    private const int LongestProof = 4096;

    /// <summary>What the proof says, made by any of these keys, and by which. Throws 401 <c>proof_refused</c>, the same for every reason.</summary>
    public async Task<(KeyProofClaims Claims, byte[] PublicKey)> RequireAsync(
        string? proof, string tenantId, HttpRequest request, IReadOnlyList<byte[]> publicKeys, CancellationToken cancellationToken)
    {
        if (proof is not { Length: > 0 and <= LongestProof })
        {
            throw Refusal();
        }

        var audience = Audience(request);
        foreach (var key in publicKeys)
        {
            if (TryVerify(proof, key, tenantId, audience) is not { } claims)
            {
                continue;
            }

            if (await authority.SpendAsync(claims.ToUsedToken(key), cancellationToken))
            {
                return (claims, key);
            }

            ProofUsedBefore(tenantId);
            break;
        }

        throw Refusal();
    }

    /// <summary>Whether the key made the proof. Does not spend it: only chooses between refusals, never grants access.</summary>
    public bool Holds(string? proof, string tenantId, HttpRequest request, byte[] publicKey) =>
        proof is { Length: > 0 and <= LongestProof } && TryVerify(proof, publicKey, tenantId, Audience(request)) is not null;

    public static ProblemException Refusal() =>
        new(StatusCodes.Status401Unauthorized, "proof_refused", "The proof of the Sub-CA key is missing or not valid for this tenant and this URL.");

    private KeyProofClaims? TryVerify(string proof, byte[] key, string tenantId, Uri audience)
    {
        try
        {
            return KeyProof.Verify(proof, key, tenantId, audience, time);
        }
        catch (JoseException e)
        {
            ProofRefused(tenantId, e.Error);
            return null;
        }
    }

    // The caller names the host it meant, but only one of ours is taken: a proof made for another provider stays worthless here.
    private Uri Audience(HttpRequest request)
    {
        var asked = request.Host.HasValue && Uri.TryCreate($"https://{request.Host}", UriKind.Absolute, out var url) ? url : null;
        var origin = options.Origins.FirstOrDefault(o => o == asked) ?? options.PublicUrl;
        return new Uri(origin, request.Path.ToUriComponent());
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Proof for tenant {Tenant} refused: it was used before")]
    private partial void ProofUsedBefore(string tenant);

    [LoggerMessage(Level = LogLevel.Information, Message = "Proof for tenant {Tenant} refused: {Error}")]
    private partial void ProofRefused(string tenant, JoseError error);
}
