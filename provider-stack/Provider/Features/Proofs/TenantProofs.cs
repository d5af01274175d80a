using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using IoTPlatform.Provider.Startup;

namespace IoTPlatform.Provider.Features.Proofs;

/// <summary>Proofs of possession of a Sub-CA key, for the URL that was called.</summary>
internal sealed partial class TenantProofs(ProviderOptions options, TimeProvider time, ILogger<TenantProofs> log)
{
    private const int LongestProof = 4096;

    /// <summary>What the proof says, made by any of these keys. Throws 401 <c>proof_refused</c>, the same for every reason.</summary>
    public KeyProofClaims Require(string? proof, string tenantId, HttpRequest request, params IReadOnlyList<byte[]> publicKeys)
    {
        if (proof is not { Length: > 0 and <= LongestProof })
            throw Refusal();
        var audience = Audience(request);
        return publicKeys.Select(key => TryVerify(proof, key, tenantId, audience)).FirstOrDefault(claims => claims is not null) ?? throw Refusal();
    }

    /// <summary>Whether this very key made the proof.</summary>
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

    [LoggerMessage(Level = LogLevel.Information, Message = "Proof for tenant {Tenant} refused: {Error}")]
    private partial void ProofRefused(string tenant, JoseError error);
}
