using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using DnsClient;

namespace IoTPlatform.CertificateAuthority.Acme.Challenges;

/// <summary>dns-01 (RFC 8555 8.4): the key authorization's digest in a TXT record. The only one for wildcards.</summary>
internal sealed class DnsChallenge(AcmeDns dns) : IChallengeKind
{
    public string Type => "dns-01";

    public bool CanProve(AcmeIdentifier identifier, bool isWildcard) => identifier.Type == AcmeIdentifier.Dns;

    public async Task<AcmeProblem?> LookAsync(DueChallenge challenge, CancellationToken cancellationToken)
    {
        var name = "_acme-challenge." + challenge.Identifier.Value;
        var expected = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(challenge.KeyAuthorization)));
        try
        {
            var texts = await dns.TextsAsync(name, cancellationToken);
            return texts.Contains(expected, StringComparer.Ordinal) ? null
                : texts.Count == 0 ? AcmeProblem.OfChallenge("dns", $"There is no TXT record at {name}.")
                : AcmeProblem.OfChallenge("incorrectResponse", $"No TXT record at {name} is the key authorization's digest.");
        }
        catch (DnsResponseException)
        {
            return AcmeProblem.OfChallenge("dns", $"The DNS does not answer for {name}.");
        }
    }
}
