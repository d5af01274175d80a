namespace IoTPlatform.Tenant.Features.Join;

/// <summary>One thing that must hold before a tenant can serve. It looks at the world each time; it remembers nothing.</summary>
internal interface IFirstBootCheck
{
    /// <summary>As printed, for example <c>sub-ca-key</c>.</summary>
    string Name { get; }

    /// <summary>Null when it holds, else what is missing. Throws StartupException for what only an operator can put right.</summary>
    Task<string?> InspectAsync(CancellationToken cancellationToken);

    /// <summary>Makes it hold, with one atomic effect. Throws <see cref="ProviderBusyException"/> for what time will put right.</summary>
    Task FixAsync(CancellationToken cancellationToken);
}
