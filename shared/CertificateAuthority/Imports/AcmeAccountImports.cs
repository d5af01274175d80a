using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority;

/// <summary>The ACME accounts of an authority whose place this one takes, under the addresses that their clients know, in batches of a transaction each. What came in before is known and stays as it is.</summary>
public sealed class AcmeAccountImports : IGuarded
{
    /// <summary>At once.</summary>
    public const int MaxAccounts = 500;
    public const int MaxBytes = 8 << 20;

    private const string Unreadable = "unreadable";
    private const string NoProvisioner = "no_provisioner";
    private const string UnusableKey = "unusable_key";

    private readonly ProvisionerRegistry _provisioners;
    private readonly AcmeAccounts _accounts;
    private readonly TimeProvider _time;

    internal AcmeAccountImports(ProvisionerRegistry provisioners, AcmeAccounts accounts, TimeProvider time) => (_provisioners, _accounts, _time) = (provisioners, accounts, time);

    public static string Policy => Policies.Admin;

    public async Task<AcmeAccountImportResult> AddAsync(ImportAcmeAccountsRequest request, string by, CancellationToken cancellationToken)
    {
        if (request.Items.Count > MaxAccounts)
        {
            throw new ProblemException(400, "too_many", $"At most {MaxAccounts} accounts are taken at once.");
        }

        var accounts = new List<AcmeAccount>(request.Items.Count);
        var refused = new List<AcmeAccountRefusal>();
        foreach (var item in request.Items)
        {
            var (account, refusal) = Read(item);
            if (account is null)
            {
                refused.Add(new AcmeAccountRefusal { Id = refusal == Unreadable ? "" : item.Id, Reason = refusal! });
            }
            else
            {
                accounts.Add(account);
            }
        }

        var stored = await _accounts.ImportAsync(accounts, by, _time.GetUtcNow(), cancellationToken);
        refused.AddRange(stored.Refused.Select(account => new AcmeAccountRefusal { Id = account.Id, Reason = account.Reason }));
        return new AcmeAccountImportResult { Imported = stored.Imported, Known = stored.Known, Deactivated = stored.Deactivated, Refused = refused };
    }

    /// <summary>The account, or why there is none. Its key is judged as that of a new one.</summary>
    private (AcmeAccount? Account, string? Refusal) Read(ImportedAcmeAccount? item)
    {
        if (item is not { Id: { } id, Provisioner: { } provisioner, Key: { } json, Contacts: { } contacts } || !AcmeId.IsOne(id))
        {
            return (null, Unreadable);
        }

        if (_provisioners.Find(provisioner) is not AcmeProvisioner)
        {
            return (null, NoProvisioner);
        }

        try
        {
            var key = JsonWebKey.Parse(json);
            using var verification = key.IsPrivate ? throw new JoseException(JoseError.KeyNotAllowed, "The key is private.") : VerificationKey.From(key);
            var status = item.IsValid ? AcmeStatus.Valid : AcmeStatus.Deactivated;
            return (new AcmeAccount(id, provisioner, key.Thumbprint(), key.ToPublic().ToJson(), AcmeContacts.Of(contacts), status), null);
        }
        catch (JoseException)
        {
            return (null, UnusableKey);
        }
    }
}
