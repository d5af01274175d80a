namespace IoTPlatform.CertificateAuthority.Acme.Challenges;

/// <summary>A kind whose evidence is in the client's request: judged while the client waits, once.</summary>
internal interface IPresentedChallenge : IChallengeKind
{
    /// <summary>Where a client gets its evidence, for the challenge's <c>target</c>; null: that is no question.</summary>
    string? TargetOf(AcmeProvisioner provisioner, AcmeIdentifier identifier) => null;

    /// <summary>The evidence within a request's payload. Throws <c>malformed</c> where there is none, which ends nothing.</summary>
    string Read(ReadOnlyMemory<byte> payload);

    /// <summary>Throws <see cref="AcmeException"/> for evidence that proves nothing, which ends the challenge. Whatever else it throws ends nothing.</summary>
    Task<ChallengeProof> JudgeAsync(PresentedEvidence presented, CancellationToken cancellationToken);

    /// <summary>There is nothing to be looked at elsewhere.</summary>
    Task<AcmeProblem?> IChallengeKind.LookAsync(DueChallenge challenge, CancellationToken cancellationToken) =>
        Task.FromResult<AcmeProblem?>(AcmeProblem.OfChallenge("incorrectResponse", "The evidence belongs into the request."));
}

/// <param name="Provisioner">By whose options it is judged.</param>
/// <param name="Identifier">That it has to be evidence of.</param>
/// <param name="Token">Of the challenge.</param>
/// <param name="Url">Of the challenge, as the client knows it.</param>
/// <param name="Account">That asks.</param>
/// <param name="Evidence">See <see cref="IPresentedChallenge.Read"/>.</param>
/// <param name="Now">When.</param>
internal sealed record PresentedEvidence(AcmeProvisioner Provisioner, AcmeIdentifier Identifier, string Token, string Url, AcmeAccount Account, string Evidence, DateTimeOffset Now)
{
    /// <summary>RFC 8555 8.1.</summary>
    public string KeyAuthorization => $"{Token}.{Account.Thumbprint}";
}

/// <summary>What is known once a challenge is proven, beside that.</summary>
internal readonly record struct ChallengeProof
{
    /// <summary>SHA-256 of the SubjectPublicKeyInfo that the certificate has to be for; null: any.</summary>
    public byte[]? Key { get; init; }

    /// <summary>What was vouched for, JSON, for the certificate's template; null: nothing more.</summary>
    public string? Claims { get; init; }
}
