using System.Net;
using DnsClient;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>The DNS, asked anew each time. Every method throws <see cref="DnsResponseException"/> where no server answers.</summary>
internal sealed class AcmeDns
{
    private readonly LookupClient _dns;

    public AcmeDns(AcmeOptions options)
    {
        var settings = options.Resolver is { } resolver ? new LookupClientOptions(resolver) : new LookupClientOptions();
        settings.UseCache = false;
        settings.Retries = 1;
        settings.Timeout = TimeSpan.FromSeconds(3);
        _dns = new LookupClient(settings);
    }

    /// <summary>The texts at a name; empty: there are none.</summary>
    public async Task<IReadOnlyList<string>> TextsAsync(string name, CancellationToken cancellationToken)
    {
        var answer = await _dns.QueryAsync(name, QueryType.TXT, cancellationToken: cancellationToken);
        return [.. answer.Answers.TxtRecords().Select(record => string.Concat(record.Text))];
    }

    public async Task<IReadOnlyList<IPAddress>> AddressesAsync(string name, CancellationToken cancellationToken)
    {
        var v4 = await _dns.QueryAsync(name, QueryType.A, cancellationToken: cancellationToken);
        var v6 = await _dns.QueryAsync(name, QueryType.AAAA, cancellationToken: cancellationToken);
        return [.. v4.Answers.AddressRecords().Concat(v6.Answers.AddressRecords()).Select(record => record.Address)];
    }

    /// <summary>The CAA records at a name, aliases followed. Also throws for every answer but "none" and "no such name": silence must not allow anything.</summary>
    public async Task<IReadOnlyList<CaaProperty>> CaaAsync(string name, CancellationToken cancellationToken)
    {
        var answer = await _dns.QueryAsync(name, QueryType.CAA, cancellationToken: cancellationToken);
        return answer.Header.ResponseCode is DnsHeaderResponseCode.NoError or DnsHeaderResponseCode.NotExistentDomain
            ? [.. answer.Answers.CaaRecords().Select(record => new CaaProperty(record.Flags, record.Tag, record.Value))]
            : throw new DnsResponseException((DnsResponseCode)answer.Header.ResponseCode);
    }
}
