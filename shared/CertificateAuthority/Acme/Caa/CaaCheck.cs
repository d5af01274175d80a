using DnsClient;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>
/// Whether the owners of an order's names let this authority certify them (RFC 8659), looked up when the certificate is about to be signed. Only where the
/// provisioner says by which domains CAA records name it.
/// </summary>
internal sealed class CaaCheck(AcmeDns dns)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    /// <summary>Throws <c>caa</c>, or <c>dns</c> where that can't be known; of several names <c>compound</c>.</summary>
    /// <param name="provisioner">Whose order it is.</param>
    /// <param name="order">Proven.</param>
    /// <param name="accountUris">Of its account.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task RequireAsync(AcmeProvisioner provisioner, AcmeOrder order, IReadOnlyList<string> accountUris, CancellationToken cancellationToken)
    {
        if (provisioner.CaaIdentities.Count == 0)
        {
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Longest);
        var looked = new Dictionary<string, IReadOnlyList<CaaProperty>>(StringComparer.Ordinal);
        var problems = new List<AcmeProblem>();
        foreach (var authorization in order.Authorizations.Where(authorization => authorization.Identifier.Type == AcmeIdentifier.Dns))
        {
            var method = authorization.Challenges.FirstOrDefault(challenge => challenge.Status == AcmeStatus.Valid)?.Type ?? "";
            if (await ProblemOfAsync(authorization, new CaaRequester(provisioner.CaaIdentities, accountUris, method), looked, limit.Token, cancellationToken) is { } problem)
            {
                problems.Add(problem);
            }
        }

        switch (problems)
        {
            case []:
                return;
            case [var one]:
                throw new AcmeException(one with { Identifier = null }, 403);
            default:
                throw new AcmeException(AcmeProblem.OfChallenge("compound", "Several identifiers can't be certified.") with { Subproblems = problems }, 403);
        }
    }

    private async Task<AcmeProblem?> ProblemOfAsync(
        AcmeAuthorization authorization, CaaRequester requester, Dictionary<string, IReadOnlyList<CaaProperty>> looked, CancellationToken limit, CancellationToken cancellationToken)
    {
        var name = authorization.Ordered.Value;
        try
        {
            return CaaProperty.Refusal(await RelevantAsync(authorization.Identifier.Value, looked, limit), authorization.IsWildcard, requester) is { } refusal
                ? AcmeProblem.OfChallenge("caa", $"The CAA records of {name} have {refusal}.") with { Identifier = authorization.Ordered }
                : null;
        }
        catch (Exception e) when (e is DnsResponseException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return AcmeProblem.OfChallenge("dns", $"The DNS does not answer for the CAA records of {name}.") with { Identifier = authorization.Ordered };
        }
    }

    /// <summary>RFC 8659 3: of the name itself, or of the nearest above it that has any.</summary>
    private async Task<IReadOnlyList<CaaProperty>> RelevantAsync(string name, Dictionary<string, IReadOnlyList<CaaProperty>> looked, CancellationToken cancellationToken)
    {
        for (var at = name; at.Length > 0; at = at.IndexOf('.', StringComparison.Ordinal) is var dot and >= 0 ? at[(dot + 1)..] : "")
        {
            if (!looked.TryGetValue(at, out var records))
            {
                looked[at] = records = await dns.CaaAsync(at, cancellationToken);
            }

            if (records.Count > 0)
            {
                return records;
            }
        }

        return [];
    }
}
