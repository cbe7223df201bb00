"""Losses for embeddings, one a file. All take rows of unit norm and give a scalar whose gradient is finite everywhere.

    contrastive   pairs: together, or apart by a margin
    triplet       anchor nearer to its positive than to its negative by a margin; hard and semi-hard mining
    infonce       two views: the similarity matrix of a batch becomes the identity (or what `positives` says)
    prototypical  queries nearest to the mean of their class's support
    ge2e          utterances nearest to the centroid of their speaker, which they are not part of
"""
