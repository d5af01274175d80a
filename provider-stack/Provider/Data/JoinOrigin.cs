namespace IoTPlatform.Provider.Data;

internal enum JoinOrigin
{
    /// <summary>Admitted by a JOIN key.</summary>
    Key,

    /// <summary>Asked for over the approve-and-poll flow.</summary>
    Request,
}
