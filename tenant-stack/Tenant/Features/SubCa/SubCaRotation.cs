using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Pki.Signing;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Features.Bridge;

namespace IoTPlatform.Tenant.Features.SubCa;

/// <summary>
/// Replaces the Sub-CA: new key on disk, proof by the old key, certificate from the provider, switch. Every step can be
/// repeated: until the new certificate is installed the same waiting key is used again, and the provider answers the same key
/// with the same certificate.
/// </summary>
internal sealed class SubCaRotation(
    CertificateAuthority.SubCa subCa, CertificateAuthorityModule ca, ProviderLink provider, TenantOptions options, RetireOldSubCas earlier, JoinedTenant tenant, BundleFiles bundle,
    AuditLog audit, TimeProvider time) : IGuarded, IDisposable
{
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);

    public static string Policy => Policies.Admin;

    /// <summary>A rotation was begun and not finished.</summary>
    public bool IsPending => subCa.IsRotating;

    /// <summary>Begins a rotation, or finishes the one that was begun.</summary>
    public async Task<RotatedSubCa> RunAsync(string actor, CancellationToken cancellationToken)
    {
        if (!await _oneAtATime.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            throw InProgress("Another rotation is running.");
        }

        try
        {
            await RequireNoOtherAsync(cancellationToken);
            return await RotateAsync(actor, cancellationToken);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Finishes a rotation that was begun; false when there is none.</summary>
    public async Task<bool> ResumeAsync(CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            if (!IsPending)
            {
                return false;
            }

            await RotateAsync("system", cancellationToken);
            return true;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>
    /// Asks the provider over the bridge, whose key still says who this is: for the key in use, under the provider's Intermediate CA of now; or, when the Sub-CA in use
    /// was revoked, for another key. Repeated, it asks with the same key.
    /// </summary>
    public async Task ReissueAsync(ProviderClient bridge, bool newKey, CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            var begins = newKey && !IsPending;
            using var key = newKey ? subCa.EnsureNextKey() : subCa.EnsureKey();
            if (begins)
            {
                await audit.AppendAsync(Entry("system", "sub_ca.rekey_requested", key), cancellationToken);
            }

            var answer = await bridge.ReissueSubCaAsync(tenant.TenantId, new ReissueSubCaRequest { SubCaCsr = key.CreateCsrPem(new SubjectNames()) }, cancellationToken);
            await UseAsync(answer, Entry("system", newKey ? "sub_ca.rekeyed" : "sub_ca.reissued", key));
        }
        catch (ApiException e) when (newKey && e.Code == "sub_ca_key_revoked")
        {
            // The next emergency came before this one was over: the next attempt makes another key.
            subCa.DiscardNextKey();
            throw;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public void Dispose() => _oneAtATime.Dispose();

    private async Task<RotatedSubCa> RotateAsync(string actor, CancellationToken cancellationToken)
    {
        try
        {
            var begins = !IsPending;
            using var current = subCa.EnsureKey();
            using var next = subCa.EnsureNextKey();
            if (begins)
            {
                await audit.AppendAsync(Entry(actor, "sub_ca.rotation_requested", next), cancellationToken);
            }

            var answer = await AskAsync(current, next, cancellationToken);
            await UseAsync(answer, Entry(actor, "sub_ca.rotated", next));
            return answer;
        }
        catch (PkiException e)
        {
            throw new ProblemException(502, "provider_answer_unusable", $"The new Sub-CA cannot be used: {e.Message}", inner: e);
        }
    }

    private async Task RequireNoOtherAsync(CancellationToken cancellationToken)
    {
        if (IsPending)
        {
            return;
        }

        await TryRetireAsync(cancellationToken);
        if (await earlier.IsWaitingAsync(cancellationToken))
        {
            throw InProgress("Certificates of the Sub-CA before this one are still in use. Rotate again when they have expired or were renewed.");
        }
    }

    // Without the provider there is no rotation either; the call that matters will say so.
    private async Task TryRetireAsync(CancellationToken cancellationToken)
    {
        try
        {
            await earlier.RunAsync(cancellationToken);
        }
        catch (Exception e) when (e is ProviderBusyException or StartupException)
        {
        }
    }

    private async Task<RotatedSubCa> AskAsync(CaKey current, CaKey next, CancellationToken cancellationToken)
    {
        try
        {
            return await provider.CallAsync(client =>
            {
                var request = new RotateSubCaRequest
                {
                    SubCaCsr = next.CreateCsrPem(new SubjectNames()),
                    Proof = KeyProof.Create(current, tenant.TenantId, client.RotateUrl(tenant.TenantId), time, new Dictionary<string, string>(StringComparer.Ordinal)
                    {
                        ["spki"] = Base64Url.EncodeToString(SHA256.HashData(next.SubjectPublicKeyInfo)),
                    }),
                };
                return client.RotateSubCaAsync(tenant.TenantId, request, cancellationToken);
            });
        }
        catch (ProviderBusyException e)
        {
            throw new ProblemException(503, "dependency_unavailable", $"The rotation waits for the provider: {e.Message}. It goes on by itself.", e.RetryAfter ?? TimeSpan.FromSeconds(30), e);
        }
        catch (StartupException e)
        {
            throw new ProblemException(502, "provider_refused", e.Message, inner: e);
        }
    }

    private async Task UseAsync(RotatedSubCa answer, AuditEntry entry)
    {
        Install(answer);
        ca.Authority.UseIssuers(subCa.Load());
        bundle.WriteStale();
        await audit.AppendAsync(entry, CancellationToken.None);
        await ca.ServiceCertificate.RenewAsync(CancellationToken.None);
    }

    private void Install(RotatedSubCa answer)
    {
        if (answer.TenantId != tenant.TenantId)
        {
            throw new PkiException(PkiError.KeyMismatch, "The provider answered for another tenant.");
        }

        using var certificate = Pem.ParseCertificate(answer.SignedCert);
        if (NameConstraints.FromCertificate(certificate)?.Permits(options.CertifiedNames, out var name) == false)
        {
            throw new PkiException(PkiError.NameNotAllowed, $"Its name constraints do not permit {name}, a name of this host. Give the host another name (IOT_NAMES, IOT_PUBLIC_URL), or ask the provider's admin.");
        }

        if (BundleVerifier.RevocationProblem(Pem.ParseCertificates(answer.CaChain), provider.RevokedIntermediates()) is { } problem)
        {
            throw new PkiException(PkiError.BadSignature, $"The Sub-CA certificate is of no use: {problem}.");
        }

        subCa.Install(answer.SignedCert, answer.CaChain, ca.Authority.RootFingerprint);
    }

    private static ProblemException InProgress(string why) => new(409, "rotation_in_progress", why);

    private static AuditEntry Entry(string actor, string action, CaKey next) =>
        new(actor, action, "sub-ca", new JsonObject { ["key_sha256"] = Convert.ToHexStringLower(SHA256.HashData(next.SubjectPublicKeyInfo)) }.ToJsonString());
}

/// <summary>Finishes a rotation that a crash or an absent provider interrupted.</summary>
internal sealed class ResumeRotation(SubCaRotation rotation) : IMaintenanceTask
{
    public string Name => "sub-ca-rotation";

    public Task<bool> RunAsync(CancellationToken cancellationToken) => rotation.ResumeAsync(cancellationToken);
}
