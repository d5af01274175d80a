using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.CertificateAuthority.Issuers;

/// <summary>Issuers beside the stack's own, as administrators make and end them. A change serves in this process when it returns, and in the others with its commit.</summary>
public sealed class IssuerAdministration : IGuarded
{
    private static readonly TimeSpan Longest = Profiles.Issuer.MaxLifetime;

    private readonly CertificateAuthorityModule _module;
    private readonly ProvisionerRegistry _registry;

    internal IssuerAdministration(CertificateAuthorityModule module, ProvisionerRegistry registry) => (_module, _registry) = (module, registry);

    public static string Policy => Policies.Admin;

    private Authority Authority => _module.Authority;

    private CaPassword Password => _module.Passwords.Authority;

    /// <summary>By name.</summary>
    public IssuerList List() => List(_registry);

    internal static IssuerList List(ProvisionerRegistry registry)
    {
        var namedBy = NamedBy(registry);
        return new() { Items = [.. registry.Issuers.Select(stored => View(stored, namedBy))] };
    }

    /// <summary>
    /// Makes a key and, where this stack's root key is in its folder, has the root sign its certificate; else it waits for one (<see cref="CompleteAsync"/>). Again for one that waits, it goes on with the
    /// same key. Throws 422 <c>invalid_issuer</c>, 409 <c>issuer_exists</c> and <c>too_many_issuers</c>.
    /// </summary>
    public async Task<IssuerView> CreateAsync(CreateIssuerRequest request, string by, CancellationToken cancellationToken)
    {
        if (!IssuerStore.IsName(request.Name))
        {
            throw Invalid("The name of an issuer has 1 to 63 lower-case letters, digits and dashes, and a dash neither first nor last.");
        }

        if (request.Days < 1 || request.Days > Longest.Days)
        {
            throw Invalid($"An issuer lasts 1 to {Longest.Days} days.");
        }

        try
        {
            var names = new SubjectNames { CommonName = request.CommonName ?? request.Name };
            using var key = await KeyAsync(request.Name, by, cancellationToken);
            var csr = key.CreateCsrPem(names);
            if (await SignAsync(key, names, request.Days, by, cancellationToken) is { } chain)
            {
                await CompleteAsync(request.Name, chain, by, cancellationToken);
                csr = null;
            }

            await _registry.ReloadAsync(cancellationToken);
            return View(request.Name) with { Request = csr };
        }
        catch (PkiException e)
        {
            throw PkiProblems.From(e);
        }
    }

    /// <summary>
    /// Takes the certificate that others have made of the request; it issues from then on. Throws 404 <c>no_such_issuer</c>, 400 for a chain that can't be used, in the words of <see cref="PkiError"/>, and 409
    /// <c>issuer_exists</c>, <c>own_issuer</c> and <c>key_id_taken</c>.
    /// </summary>
    public async Task<IssuerView> CompleteAsync(string name, CompleteIssuerRequest request, string by, CancellationToken cancellationToken)
    {
        try
        {
            await CompleteAsync(name, CertificateChain.ParsePem(request.Chain), by, cancellationToken);
        }
        catch (PkiException e)
        {
            throw PkiProblems.From(e);
        }

        await _registry.ReloadAsync(cancellationToken);
        return View(name);
    }

    /// <summary>Throws as <see cref="IssuerStore.SetStateAsync"/>, and 422 <c>invalid_issuer</c> for a word that is none.</summary>
    public async Task<IssuerView> SetStateAsync(string name, string state, string by, CancellationToken cancellationToken)
    {
        if (state is not (IssuerState.Issuing or IssuerState.Renewing or IssuerState.Retired))
        {
            throw Invalid($"The state of an issuer is {IssuerState.Issuing}, {IssuerState.Renewing} or {IssuerState.Retired}.");
        }

        await _module.Issuers.SetStateAsync(name, state, by, cancellationToken);
        await _registry.ReloadAsync(cancellationToken);
        return View(name);
    }

    /// <summary>Throws as <see cref="IssuerStore.RemoveAsync"/>, and 409 <c>issuer_in_use</c> for one whose key is in other hands until its own certificate has ended: removed, it could come back.</summary>
    public async Task RemoveAsync(string name, string by, CancellationToken cancellationToken)
    {
        if (_registry.Issuers.FirstOrDefault(stored => stored.Row.Name == name)?.Issuer is { IsCompromised: true } issuer && Authority.Time.GetUtcNow() < issuer.Issuer.Info.NotAfter)
        {
            throw IssuerStore.InUse($"The key of the issuer {name} is in other hands, and its certificate has not ended: what that key signs is refused by its row.");
        }

        await _module.Issuers.RemoveAsync(name, by, cancellationToken);
        await _registry.ReloadAsync(cancellationToken);
    }

    /// <summary>Stored before anything is signed for it.</summary>
    private async Task<CaKey> KeyAsync(string name, string by, CancellationToken cancellationToken)
    {
        using var made = CaKey.Generate(KeyKind.P256);
        var encrypted = EncryptedKeyPem.Encrypt(made, Password.Value, Password.Rounds);
        var stored = await _module.Issuers.ChangeAsync(
            name,
            there => there is null ? new IssuerRow(name, KeyId: null, Chain: null, encrypted, "", IsImported: false, IssuerState.Requested, Authority.Time.GetUtcNow())
                : there.State == IssuerState.Requested ? there
                : throw Exists(name),
            _ => new AuditEntry(by, "issuer.created", name),
            cancellationToken);
        return EncryptedKeyPem.Decrypt(stored.Key!, Password.Value);
    }

    /// <summary>Null: the root's key is not here.</summary>
    private async Task<CertificateChain?> SignAsync(CaKey key, SubjectNames names, int? days, string by, CancellationToken cancellationToken)
    {
        var path = CaFiles.RootKey(_module.Folder);
        if (!new CaKeyFile(path).Exists)
        {
            return null;
        }

        using var publicKey = ECDsa.Create();
        publicKey.ImportSubjectPublicKeyInfo(key.SubjectPublicKeyInfo, out _);
        var csr = CertificateSigningRequest.Of(publicKey);
        using var root = new CaSigner(X509CertificateLoader.LoadCertificate(Authority.Chain.Root.RawDataMemory.Span), new CaKeyFile(path).Load(Password.Value));
        var issued = await Authority.IssueByAsync(
            new IssueRequest
            {
                Profile = Profiles.Issuer,
                Csr = csr,
                Names = names,
                Lifetime = days is { } some ? TimeSpan.FromDays(some) : null,
                Provisioner = "self",
                Requester = by,
                // What was signed before a crash is found again.
                IdempotencyKey = Convert.ToHexStringLower(csr.SubjectPublicKeyInfoSha256),
            },
            root,
            cancellationToken);
        return new CertificateChain([X509CertificateLoader.LoadCertificate(issued.Der.Span), Authority.Chain.Root]);
    }

    private async Task CompleteAsync(string name, CertificateChain chain, string by, CancellationToken cancellationToken)
    {
        IssuerStore.RequireUsable(chain);
        if (Authority.Active.IsOfSet(chain.Issuer))
        {
            throw new ProblemException(409, "own_issuer", "This is an issuer of this authority itself.");
        }

        if (Authority.Active.IsOfAnotherUpstream(chain.Issuer))
        {
            throw IssuerStore.KeyIdTaken();
        }

        var keyId = IssuerInfo.FromCertificate(chain.Issuer).KeyId;
        await _module.Issuers.ChangeAsync(
            name,
            there =>
            {
                if (there is not { State: IssuerState.Requested })
                {
                    throw there is null ? IssuerStore.NotFound(name) : Exists(name);
                }

                // Refuses a certificate of another key.
                new CaSigner(X509CertificateLoader.LoadCertificate(chain.Issuer.RawDataMemory.Span), EncryptedKeyPem.Decrypt(there.Key!, Password.Value)).Dispose();
                return there with { KeyId = keyId, Chain = chain.Pem, State = IssuerState.Issuing };
            },
            _ => new AuditEntry(by, "issuer.completed", name, AuditDetails.Of(("issuer_key_id", keyId), ("root", Fingerprint.Of(chain.Root)))),
            cancellationToken);
    }

    private IssuerView View(string name) => View(_registry.Issuers.FirstOrDefault(stored => stored.Row.Name == name) ?? throw IssuerStore.NotFound(name), NamedBy(_registry));

    private static ILookup<string?, string> NamedBy(ProvisionerRegistry registry) => registry.Stored.ToLookup(one => one.IssuerName, one => one.Name, StringComparer.Ordinal);

    private static IssuerView View(StoredIssuer stored, ILookup<string?, string> namedBy) => new()
    {
        Name = stored.Row.Name,
        CommonName = stored.Issuer?.Issuer.CommonName,
        Id = stored.Row.KeyId,
        RootFingerprint = stored.Issuer?.RootFingerprint,
        NotAfter = stored.Issuer?.Issuer.Info.NotAfter,
        State = stored.Row.State,
        CompromisedAt = stored.Row.CompromisedAt,
        IsImported = stored.Row.IsImported,
        HasKey = stored.Row.Key is not null,
        Disabled = stored.Row.State == IssuerState.Requested ? null : stored.Disabled,
        Provisioners = [.. namedBy[stored.Row.Name]],
    };

    private static ProblemException Invalid(string why) => new(422, "invalid_issuer", why);

    private static ProblemException Exists(string name) => new(409, "issuer_exists", $"There is an issuer {name} already.");
}
