using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>Every feature's reserved names together.</summary>
internal sealed class NameReservations(IEnumerable<IReservedNames> features)
{
    private readonly IReservedNames[] _features = [.. features];

    /// <summary>Throws 403 <c>name_reserved</c>.</summary>
    public async ValueTask RequireFreeAsync(SubjectNames names, CancellationToken cancellationToken)
    {
        foreach (var feature in _features)
        {
            if (await feature.OwnerOfAnyAsync(names, cancellationToken).ConfigureAwait(false) is { } owner)
            {
                throw new ProblemException(403, "name_reserved", $"The names are reserved for {owner}: no one-time token buys them.");
            }
        }
    }
}
