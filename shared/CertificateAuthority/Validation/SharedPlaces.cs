namespace IoTPlatform.CertificateAuthority.Validation;

/// <summary>Places of which one address has a share at most: a flood from it waits for itself, and leaves the others theirs.</summary>
internal sealed class SharedPlaces(int places, int ofOneAddress) : IDisposable
{
    private readonly SemaphoreSlim _places = new(places, places);
    private readonly Dictionary<string, Share> _shares = new(StringComparer.Ordinal);

    /// <summary>To be disposed when the work is done; null: no place was free for so long, of its own and of all together.</summary>
    public async Task<IDisposable?> EnterAsync(string address, TimeSpan longest, CancellationToken cancellationToken)
    {
        var began = TimeProvider.System.GetTimestamp();
        var share = Join(address);
        Place? place = null;
        try
        {
            if (await share.Free.WaitAsync(longest, cancellationToken))
            {
                place = new Place(this, address, share);
                var left = longest - TimeProvider.System.GetElapsedTime(began);
                place.HasPlace = await _places.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellationToken);
            }

            return place is { HasPlace: true } ? place : null;
        }
        finally
        {
            if (place is null)
            {
                Leave(address, share);
            }
            else if (!place.HasPlace)
            {
                place.Dispose();
            }
        }
    }

    public void Dispose() => _places.Dispose();

    private Share Join(string address)
    {
        lock (_shares)
        {
            if (!_shares.TryGetValue(address, out var share))
            {
                _shares[address] = share = new Share(ofOneAddress);
            }

            share.Users++;
            return share;
        }
    }

    private void Leave(string address, Share share)
    {
        lock (_shares)
        {
            if (--share.Users == 0)
            {
                _shares.Remove(address);
            }
        }
    }

    private sealed class Share(int most)
    {
        public SemaphoreSlim Free { get; } = new(most, most);

        public int Users { get; set; }
    }

    private sealed class Place(SharedPlaces places, string address, Share share) : IDisposable
    {
        /// <summary>And not only one of its address.</summary>
        public bool HasPlace { get; set; }

        public void Dispose()
        {
            if (HasPlace)
            {
                places._places.Release();
            }

            share.Free.Release();
            places.Leave(address, share);
        }
    }
}
